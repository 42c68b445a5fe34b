/*
 * A first host in C: makes one call on an emulated line and prints its states.
 *
 *   cargo build --release
 *   cc -std=c11 -Iinclude examples/first.c -Ltarget/release -lloopstart -o first
 *   LOOPSTART_DEVICES=emulated:0 LOOPSTART_EMULATED=speed=4 LD_LIBRARY_PATH=target/release ./first
 *
 * For a real line, set LOOPSTART_DEVICES=serial:/dev/ttyACM0 and give a number that exists as argument.
 */
#define _POSIX_C_SOURCE 200809L
#include "tspi.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define VERSION 0x00020002u

static _Atomic(DWORD) state = 0;      /* The call's last state. */
static _Atomic(LONG) completed[3];    /* How each request ended; 1: not yet. */

static const char *name_of(DWORD s) {
    switch (s) {
    case LINECALLSTATE_IDLE: return "IDLE";
    case LINECALLSTATE_DIALTONE: return "DIALTONE";
    case LINECALLSTATE_DIALING: return "DIALING";
    case LINECALLSTATE_PROCEEDING: return "PROCEEDING";
    case LINECALLSTATE_RINGBACK: return "RINGBACK";
    case LINECALLSTATE_BUSY: return "BUSY";
    case LINECALLSTATE_SPECIALINFO: return "SPECIALINFO";
    case LINECALLSTATE_CONNECTED: return "CONNECTED";
    case LINECALLSTATE_DISCONNECTED: return "DISCONNECTED";
    default: return "another state";
    }
}

/* Messages of the line, always from the same thread. */
static void on_message(HTAPILINE line, HTAPICALL call, DWORD message, DWORD_PTR p1, DWORD_PTR p2, DWORD_PTR p3) {
    (void)line, (void)call, (void)p2, (void)p3;
    if (message == LINE_CALLSTATE) {
        printf("%s\n", name_of((DWORD)p1));
        atomic_store(&state, (DWORD)p1);
    }
}

static void on_completion(DRV_REQUESTID request, LONG result) {
    if (request < 3) atomic_store(&completed[request], result);
}

static void nap(void) { nanosleep(&(struct timespec){0, 10 * 1000 * 1000}, NULL); }

static int failed(const char *what, LONG result) {
    fprintf(stderr, "%s: error %#x\n", what, (unsigned)result);
    return 1;
}

int main(int argc, char **argv) {
    const char *number = argc > 1 ? argv[1] : "5550121"; /* Always busy. */
    WCHAR address[64] = {0};                             /* UTF-16; a number is ASCII. */
    for (size_t i = 0; i < strlen(number) && i < 63; i++) address[i] = (unsigned char)number[i];

    DWORD version = 0, lines = 0, phones = 0, options = 0;
    LONG result = TSPI_lineNegotiateTSPIVersion(INITIALIZE_NEGOTIATION, VERSION, VERSION, &version);
    if (result != 0) return failed("version", result);
    result = TSPI_providerEnumDevices(1, &lines, &phones, NULL, on_message, NULL);
    if (result != 0) return failed("devices", result);
    if (lines == 0) {
        fprintf(stderr, "no line; set LOOPSTART_DEVICES=emulated:0\n");
        return 1;
    }
    result = TSPI_providerInit(version, 1, 0, 0, lines, phones, on_completion, &options);
    if (result != 0) return failed("init", result);

    HDRVLINE line = NULL;
    result = TSPI_lineOpen(0, (HTAPILINE)1, &line, version, on_message);
    if (result != 0) return failed("open", result);

    /* A modem needs a moment until it has answered its first commands. */
    LINEDEVSTATUS status;
    do {
        nap();
        memset(&status, 0, sizeof status);
        status.dwTotalSize = sizeof status;
        result = TSPI_lineGetLineDevStatus(line, &status);
    } while (result == 0 && !(status.dwDevStatusFlags & LINEDEVSTATUSFLAGS_INSERVICE));
    if (result != 0) return failed("status", result);

    HDRVCALL call = NULL;
    atomic_store(&completed[1], 1);
    result = TSPI_lineMakeCall(1, line, (HTAPICALL)1, &call, address, 0, NULL);
    if (result < 0) return failed("call", result); /* Else it is the number of the request. */

    for (;;) {
        DWORD s = atomic_load(&state);
        LONG made = atomic_load(&completed[1]);
        if (made < 0) return failed("the call was not made", made);
        if (s == LINECALLSTATE_BUSY || s == LINECALLSTATE_SPECIALINFO || s == LINECALLSTATE_CONNECTED ||
            s == LINECALLSTATE_DISCONNECTED || s == LINECALLSTATE_IDLE)
            break;
        nap();
    }
    atomic_store(&completed[2], 1);
    if (TSPI_lineDrop(2, call, NULL, 0) > 0)
        while (atomic_load(&completed[2]) == 1) nap();

    TSPI_lineCloseCall(call);
    TSPI_lineClose(line);
    TSPI_providerShutdown(version, 1);
    return 0;
}
