/**
 * The words for what can go wrong, shared by every module: BROKEN, FAIL-REQ, REFUSE, TIMEOUT and GONE each have an
 * exception; DROP, CLAMP and QUARANTINE are counted and throw nothing.
 */
package org.xenpv.fault;
