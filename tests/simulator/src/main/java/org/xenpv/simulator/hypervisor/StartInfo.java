package org.xenpv.simulator.hypervisor;

/**
 * What the domain builder left for a guest: the pages and ports of xenstore and console (start_info, or HVM_PARAM_STORE_*
 * and HVM_PARAM_CONSOLE_*).
 *
 * @param storeGfn 0 if the domain has no xenstore ring
 * @param consoleGfn 0 if the domain has no primary console
 */
public record StartInfo(long storeGfn, int storePort, long consoleGfn, int consolePort) {

    static final StartInfo NONE = new StartInfo(0, 0, 0, 0);
}
