package org.xenpv.scenarios.linux;

import java.nio.file.Path;
import org.xenpv.grant.linux.LinuxGrantMapper;
import org.xenpv.grant.linux.LinuxGrantTable;
import org.xenpv.testkit.grant.GrantPair;
import org.xenpv.testkit.grant.GrantTableContract;

/** gntalloc on one side, gntdev on the other. */
class LinuxGrantContractTest extends GrantTableContract {

    private static final int LIMIT = 1024;

    @Override
    protected GrantPair open() {
        FakeXen xen = new FakeXen(2 * LIMIT);
        FakeLinux granter = xen.boot(3, LIMIT);
        FakeLinux backend = xen.boot(1, LIMIT);
        FakeLinux stranger = xen.boot(7, LIMIT);
        LinuxGrantTable table = LinuxGrantTable.open(granter, Path.of("/nonexistent"));
        LinuxGrantMapper mapper = LinuxGrantMapper.open(backend);
        LinuxGrantMapper other = LinuxGrantMapper.open(stranger);
        return new GrantPair(table, 3, mapper, 1, other, 0, () -> {
            table.close();
            mapper.close();
            other.close();
            xen.close();
        });
    }
}
