/**
 * The console against the other half: an honest daemon against hostile guests, and the frontend against a daemon that a
 * test drives by hand. Tests of an attack are named by its row.
 */
package org.xenpv.scenarios.console;
