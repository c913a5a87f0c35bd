/** Scenarios for a guest of a real Xen; {@link org.xenpv.realxen.Main} runs them there. tests/real-xen/README.md tells how. */
package org.xenpv.realxen;
