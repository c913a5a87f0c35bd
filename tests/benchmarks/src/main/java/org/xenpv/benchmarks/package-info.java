/**
 * Speed, as ratios in one run and never as tests: ours against the C macros.
 *
 * <p>{@link org.xenpv.benchmarks.SideBySide} holds the method: alternate, throw away repetitions during which the machine
 * was busy with something else, and report the median of paired ratios with an interval.
 */
package org.xenpv.benchmarks;
