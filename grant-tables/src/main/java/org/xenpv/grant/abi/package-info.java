/**
 * Grant tables over raw frames: version 1 and 2 entries written by ourselves, GNTTABOP_* through
 * {@link org.xenpv.grant.abi.GrantTableOp}. What a bare guest runs, and what the simulated guest runs.
 *
 * <p>Enter at {@link org.xenpv.grant.abi.AbiGrantTable#open} and {@link org.xenpv.grant.abi.AbiGrantMapper#open}. Both
 * belong to the thread of the domain's event loop. The structs of xen/grant_table.h are one class each, for either side
 * of the hypercall; {@link org.xenpv.grant.abi.Gnttab} has its numbers.
 *
 * <p>Ordering: an entry becomes valid by a release store after its frame; a version 1 entry becomes invalid by a
 * compare-and-set, a version 2 entry by a store, a full fence and a look at Xen's status.
 *
 * <p>Not here: transfer of pages, sub-page and transitive grants, and setting up the frames of the table, which is
 * {@link org.xenpv.grant.abi.GrantPlatform}'s.
 */
package org.xenpv.grant.abi;
