/*
 * Stands in for Xen under Debian's xenstored (package xen-utils-4.17), so that it runs on any Linux machine:
 *
 *   LD_PRELOAD=xenstored-shim.so XENSTORED_SHIM=<directory> xenstored --no-fork
 *
 * In the directory:
 *   ring-<domid>   one page, struct xenstore_domain_interface: what the guest would have granted
 *   dom-<domid>    exists while the domain does; its first byte is 's' when the domain is shut down
 *   to-xenstored   FIFO: the number of a port (4 bytes) for each event
 *   from-xenstored FIFO: the same in the other direction
 *
 * A domain's port here is its domid + PORT_OF_DOM0, and so is the local one; VIRQ_DOM_EXC is PORT_OF_VIRQ.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <xenctrl.h>
#include <xenevtchn.h>
#include <xengnttab.h>

#define PORT_OF_VIRQ 1
#define PORT_OF_DOM0 10
#define PAGE_BYTES 4096

static int in_fd = -1, out_fd = -1;
static char handle;

static const char *file(char *path, size_t size, const char *name)
{
    snprintf(path, size, "%s/%s", getenv("XENSTORED_SHIM"), name);
    return path;
}

static int open_file(const char *name, int flags)
{
    char path[512];

    return syscall(SYS_openat, AT_FDCWD, file(path, sizeof(path), name), flags, 0600);
}

int open(const char *path, int flags, ...)
{
    va_list args;
    int mode;

    va_start(args, flags);
    mode = va_arg(args, int);
    va_end(args);
    if ( !strcmp(path, "/proc/xen/xsd_port") )
        return open_file("xsd_port", O_RDONLY);
    if ( !strcmp(path, "/proc/xen/xsd_kva") )
        return open_file("ring-0", O_RDWR);
    return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

/* Event channels. Both FIFOs are opened for reading and writing, so that neither end waits for the other. */

xenevtchn_handle *xenevtchn_open(struct xentoollog_logger *logger, unsigned int flags)
{
    in_fd = open_file("to-xenstored", O_RDWR);
    out_fd = open_file("from-xenstored", O_RDWR);
    return in_fd < 0 || out_fd < 0 ? NULL : (xenevtchn_handle *)&handle;
}

xenevtchn_handle *xenevtchn_fdopen(struct xentoollog_logger *logger, int fd, unsigned int flags)
{
    return NULL;
}

int xenevtchn_fd(xenevtchn_handle *xce)
{
    return in_fd;
}

int xenevtchn_notify(xenevtchn_handle *xce, evtchn_port_t port)
{
    return write(out_fd, &port, sizeof(port)) == sizeof(port) ? 0 : -1;
}

xenevtchn_port_or_error_t xenevtchn_bind_interdomain(xenevtchn_handle *xce, uint32_t domid, evtchn_port_t port)
{
    return PORT_OF_DOM0 + domid;
}

xenevtchn_port_or_error_t xenevtchn_bind_virq(xenevtchn_handle *xce, unsigned int virq)
{
    return PORT_OF_VIRQ;
}

int xenevtchn_unbind(xenevtchn_handle *xce, evtchn_port_t port)
{
    return 0;
}

xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *xce)
{
    evtchn_port_t port;

    return read(in_fd, &port, sizeof(port)) == sizeof(port) ? (int)port : -1;
}

int xenevtchn_unmask(xenevtchn_handle *xce, evtchn_port_t port)
{
    return 0;
}

/* Grants: only GNTTAB_RESERVED_XENSTORE is ever mapped. */

xengnttab_handle *xengnttab_open(struct xentoollog_logger *logger, unsigned int flags)
{
    return (xengnttab_handle *)&handle;
}

int xengnttab_close(xengnttab_handle *xgt)
{
    return 0;
}

int xengnttab_set_max_grants(xengnttab_handle *xgt, uint32_t count)
{
    return 0;
}

void *xengnttab_map_grant_ref(xengnttab_handle *xgt, uint32_t domid, uint32_t ref, int prot)
{
    char name[32];
    void *page;
    int fd;

    snprintf(name, sizeof(name), "ring-%u", domid);
    fd = open_file(name, O_RDWR);
    if ( fd < 0 )
        return NULL;
    page = mmap(NULL, PAGE_BYTES, prot, MAP_SHARED, fd, 0);
    close(fd);
    return page == MAP_FAILED ? NULL : page;
}

int xengnttab_unmap(xengnttab_handle *xgt, void *start, uint32_t count)
{
    return munmap(start, PAGE_BYTES);
}

/* The hypervisor. */

xc_interface *xc_interface_open(xentoollog_logger *logger, xentoollog_logger *dombuild, unsigned flags)
{
    return (xc_interface *)&handle;
}

int xc_interface_close(xc_interface *xch)
{
    return 0;
}

int xc_domain_getinfo(xc_interface *xch, uint32_t first, unsigned int max, xc_dominfo_t *info)
{
    char name[32], state = 0;
    int fd;

    memset(info, 0, sizeof(*info));
    info->domid = first;
    if ( first == 0 )
        return 1;
    snprintf(name, sizeof(name), "dom-%u", first);
    fd = open_file(name, O_RDONLY);
    if ( fd < 0 )
        return 0;
    info->shutdown = read(fd, &state, 1) == 1 && state == 's';
    close(fd);
    return 1;
}
