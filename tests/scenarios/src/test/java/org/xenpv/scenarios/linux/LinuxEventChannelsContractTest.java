package org.xenpv.scenarios.linux;

import org.xenpv.event.Clock;
import org.xenpv.event.EventChannels;
import org.xenpv.event.linux.LinuxEventChannels;
import org.xenpv.testkit.event.EventChannelsContract;
import org.xenpv.testkit.event.EventPair;

/** Two domains with an evtchn each. */
class LinuxEventChannelsContractTest extends EventChannelsContract {

    @Override
    protected EventPair open() {
        return new Pair();
    }

    private static final class Pair implements EventPair {

        private static final Clock CLOCK = System::nanoTime;

        private final FakeXen xen = new FakeXen(1);
        private final LinuxEventChannels left = LinuxEventChannels.open(xen.boot(1, 0), CLOCK);
        private final LinuxEventChannels right = LinuxEventChannels.open(xen.boot(2, 0), CLOCK);

        @Override
        public EventChannels left() {
            return left;
        }

        @Override
        public int leftDomid() {
            return 1;
        }

        @Override
        public EventChannels right() {
            return right;
        }

        @Override
        public int rightDomid() {
            return 2;
        }

        @Override
        public Clock clock() {
            return CLOCK;
        }

        @Override
        public boolean deliversOnce() {
            return false;
        }

        @Override
        public void close() {
            left.close();
            right.close();
            xen.close();
        }
    }
}
