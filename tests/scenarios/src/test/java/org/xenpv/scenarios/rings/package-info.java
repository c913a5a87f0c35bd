/**
 * The rings of ring-protocol: against the macros of the Xen headers, against the contracts of the test kit on every memory
 * double, against peers that keep no rule, and the contracts themselves against rings that are wrong.
 */
package org.xenpv.scenarios.rings;
