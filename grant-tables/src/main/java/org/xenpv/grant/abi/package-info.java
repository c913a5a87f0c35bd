/**
 * Grant tables over raw frames: version 1 and 2 entries written by ourselves, GNTTABOP_* through
 * {@link org.xenpv.grant.abi.GrantTableOp}. What a bare guest runs, and what the simulated guest runs.
 */
package org.xenpv.grant.abi;
