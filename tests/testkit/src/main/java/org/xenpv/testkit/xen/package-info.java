/**
 * JUnit 5 on a simulated host: {@link org.xenpv.testkit.xen.SimulatedXenTest} gives a test a {@link
 * org.xenpv.simulator.SimulatedXen}, says the seed when it fails, and checks at the end that nothing leaked.
 */
package org.xenpv.testkit.xen;
