package org.xenpv.xenbus.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xenpv.fault.XenException;

/** On a folder that looks like sysfs. */
class KernelDriversTest {

    @TempDir
    Path bus;

    private Path device;
    private Path driver;

    @BeforeEach
    void makeADeviceWithADriver() throws IOException {
        device = Files.createDirectories(bus.resolve("devices/vbd-51712"));
        driver = Files.createDirectories(bus.resolve("drivers/vbd"));
        Files.createSymbolicLink(device.resolve("driver"), driver);
    }

    @Test
    void shouldSayWhoHasTheDeviceAndWhatToDo_whenItIsTheKernels() {
        KernelDrivers drivers = new KernelDrivers(bus);
        assertThat(drivers.driverOf("device/vbd/51712")).isEqualTo("vbd");
        assertThatThrownBy(() -> drivers.release("device/vbd/51712", false))
                .isInstanceOf(XenException.class)
                .hasMessage(
                        "device/vbd/51712 belongs to the kernel's driver \"vbd\": do not load it, or take the device "
                                + "from it: echo vbd-51712 > " + device.resolve("driver/unbind"));
    }

    @Test
    void shouldTakeTheDevice_whenAskedTo() throws IOException {
        KernelDrivers drivers = new KernelDrivers(bus);
        Files.createFile(driver.resolve("unbind"));
        assertThatThrownBy(() -> drivers.release("device/vbd/51712", true))
                .as("a kernel that does nothing")
                .isInstanceOf(XenException.class)
                .hasMessageContaining("stays there");
        assertThat(driver.resolve("unbind")).hasContent("vbd-51712");
        Files.delete(device.resolve("driver"));
        drivers.release("device/vbd/51712", true);
        assertThat(drivers.driverOf("device/vbd/51712")).isNull();
    }

    @Test
    void shouldSayWhy_whenTheDeviceCannotBeTaken() throws IOException {
        Files.createDirectory(driver.resolve("unbind"));
        assertThatThrownBy(() -> new KernelDrivers(bus).release("device/vbd/51712", true))
                .isInstanceOf(XenException.class)
                .hasMessageContaining("cannot be taken from it (echo vbd-51712 > ")
                .hasCauseInstanceOf(IOException.class);
    }

    @Test
    void shouldNotMind_whenTheKernelKnowsNothingOfTheDevice() {
        new KernelDrivers(bus).release("device/vbd/51728", false);
        new KernelDrivers(bus.resolve("nothing")).release("device/vif/0", true);
        assertThatThrownBy(() -> new KernelDrivers(bus).driverOf("backend/vbd/1"))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
