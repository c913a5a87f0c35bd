package org.xenpv.testkit.grant;

import org.xenpv.grant.GrantMapper;
import org.xenpv.grant.GrantTable;

/**
 * Two domains of one machine, one that grants and one that maps.
 *
 * @param granter what the first domain has
 * @param granterDomid as the second names it
 * @param mapper what the second domain has
 * @param mapperDomid as the first names it
 * @param stranger a mapper of a third domain, which is granted nothing; null if there is none
 * @param cap held pages at which the granter stops granting to a domain; 0 if it has no such limit
 * @param close gives the machine back
 */
public record GrantPair(
        GrantTable granter,
        int granterDomid,
        GrantMapper mapper,
        int mapperDomid,
        GrantMapper stranger,
        int cap,
        Runnable close) {}
