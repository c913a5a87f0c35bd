/**
 * The runnable program: the main job {@code demo} and small commands over a simulated host.
 *
 * <p>Entry class: {@link org.xenpv.cli.Xenpv}. JVM only. A command prints what a person wants to read and exits 0, or
 * prints one sentence on standard error and exits 1 (what was read or written differs, a device failed) or 2 (what was
 * asked for is impossible).
 */
package org.xenpv.cli;
