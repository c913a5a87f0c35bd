/** Whole hosts: what becomes of devices when domains are suspended, moved, killed and restarted. */
package org.xenpv.scenarios.host;
