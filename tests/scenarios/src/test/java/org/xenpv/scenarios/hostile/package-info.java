/**
 * The block and the network frontend against backends that lie, one test for each row of the catalogue of attacks: R ring, I answers, N
 * packets, B the disk, G grants, E events, K xenstore, L lifecycle. A method's name begins with its row.
 * Where the same hand plays a backend that is only slow or refuses, names are as everywhere.
 */
package org.xenpv.scenarios.hostile;
