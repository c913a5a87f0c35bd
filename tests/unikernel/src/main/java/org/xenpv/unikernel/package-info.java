/**
 * An embedder without an operating system: the same drivers, compiled ahead of time to C by TeaVM, over hypercalls that
 * the kernel beneath defines. What keeps the drivers inside the subset of Java that this allows is that this module
 * compiles.
 */
package org.xenpv.unikernel;
