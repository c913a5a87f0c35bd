/**
 * Grants: {@link org.xenpv.grant.GrantTable} hands our pages to other domains, {@link org.xenpv.grant.GrantMapper} maps
 * theirs. {@code org.xenpv.grant.abi} implements both over raw grant-table frames and a hypercall port.
 */
package org.xenpv.grant;
