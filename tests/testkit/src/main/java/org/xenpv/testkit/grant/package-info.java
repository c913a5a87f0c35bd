/**
 * What every pair of {@link org.xenpv.grant.GrantTable} and {@link org.xenpv.grant.GrantMapper} does:
 * {@link org.xenpv.testkit.grant.GrantTableContract}, to be subclassed with a {@link org.xenpv.testkit.grant.GrantPair}.
 */
package org.xenpv.testkit.grant;
