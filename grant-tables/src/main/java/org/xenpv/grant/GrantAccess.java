package org.xenpv.grant;

/** What the other domain may do with a granted page (GTF_readonly). */
public enum GrantAccess {
    READ_ONLY,
    READ_WRITE
}
