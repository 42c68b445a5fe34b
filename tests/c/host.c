/*
 * A small telephony host in C: opens two lines of the emulated exchange, calls from one to the other, sends digits both
 * ways, and calls the exchange's scripted numbers. Prints what happens; exit code 0 only when everything happened.
 *
 * Run with LOOPSTART_DEVICES=emulated:0,emulated:1.
 */
#define _POSIX_C_SOURCE 200809L
#include "tspi.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uchar.h>
#include <unistd.h>

#define LINES 2
#define ID_BASE 10u
#define VERSION 0x00020002u
#define MAX_EVENTS 8192
#define MAX_CALLS 64
#define MAX_REQUESTS 256
#define PATIENCE 60 /* Seconds for one thing to happen. */
#define WATCHDOG 300

typedef struct Line Line;

typedef struct {
    Line *line;
    HDRVCALL driver;
    int close_on_disconnect; /* Close it from inside the callback. */
    int closed;
    size_t cursor;
} Call;

struct Line {
    unsigned number;
    HDRVLINE driver;
    DWORD call_states; /* That the line can witness. */
    DWORD call_features;
    DWORD media;
    size_t cursor;
};

typedef struct {
    Line *line;
    Call *call;
    DWORD msg;
    DWORD_PTR p1, p2, p3;
} Event;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static Event events[MAX_EVENTS];
static size_t event_count;
static LONG completions[MAX_REQUESTS]; /* 1 = none yet. */
static DRV_REQUESTID last_request;
static Call calls[MAX_CALLS];
static size_t call_count;
static Line lines[LINES];
static int in_callback;

static void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stdout, "FAILED: ");
    vfprintf(stdout, format, arguments);
    fprintf(stdout, "\n");
    va_end(arguments);
    fflush(stdout);
    _exit(1);
}

#define CHECK(condition, ...)                                                                                          \
    do {                                                                                                               \
        if (!(condition)) fail(__VA_ARGS__);                                                                           \
    } while (0)

static void ok(LONG result, const char *what) { CHECK(result == 0, "%s: %#x", what, (unsigned)result); }

static const char *state_name(DWORD_PTR state) {
    switch (state) {
    case LINECALLSTATE_IDLE: return "IDLE";
    case LINECALLSTATE_OFFERING: return "OFFERING";
    case LINECALLSTATE_ACCEPTED: return "ACCEPTED";
    case LINECALLSTATE_DIALTONE: return "DIALTONE";
    case LINECALLSTATE_DIALING: return "DIALING";
    case LINECALLSTATE_RINGBACK: return "RINGBACK";
    case LINECALLSTATE_BUSY: return "BUSY";
    case LINECALLSTATE_SPECIALINFO: return "SPECIALINFO";
    case LINECALLSTATE_CONNECTED: return "CONNECTED";
    case LINECALLSTATE_PROCEEDING: return "PROCEEDING";
    case LINECALLSTATE_DISCONNECTED: return "DISCONNECTED";
    case LINECALLSTATE_ONHOLDPENDTRANSFER: return "ONHOLDPENDTRANSFER";
    case LINECALLSTATE_CONFERENCED: return "CONFERENCED";
    default: return "?";
    }
}

static void print_event(const Event *e) {
    unsigned line = e->line ? e->line->number : 99;
    switch (e->msg) {
    case LINE_CALLSTATE: printf("line %u: %s mode %#x\n", line, state_name(e->p1), (unsigned)e->p2); break;
    case LINE_CALLINFO: printf("line %u: CALLINFO %#x\n", line, (unsigned)e->p1); break;
    case LINE_NEWCALL: printf("line %u: NEWCALL\n", line); break;
    case LINE_MONITORDIGITS: printf("line %u: digit %c\n", line, (char)e->p1); break;
    case LINE_GATHERDIGITS: printf("line %u: GATHERDIGITS %#x\n", line, (unsigned)e->p1); break;
    case LINE_GENERATE: printf("line %u: GENERATE %#x\n", line, (unsigned)e->p1); break;
    case LINE_LINEDEVSTATE: printf("line %u: LINEDEVSTATE %#x\n", line, (unsigned)e->p1); break;
    case LINE_ADDRESSSTATE: printf("line %u: ADDRESSSTATE %#x\n", line, (unsigned)e->p2); break;
    default: printf("line %u: message %u\n", line, e->msg); break;
    }
    fflush(stdout);
}

static void enter_callback(void) {
    CHECK(__atomic_fetch_add(&in_callback, 1, __ATOMIC_SEQ_CST) == 0, "callbacks overlap");
}

static void leave_callback(void) { __atomic_fetch_sub(&in_callback, 1, __ATOMIC_SEQ_CST); }

static DRV_REQUESTID request(void) {
    pthread_mutex_lock(&lock);
    DRV_REQUESTID id = ++last_request;
    CHECK(id < MAX_REQUESTS, "too many requests");
    completions[id] = 1;
    pthread_mutex_unlock(&lock);
    return id;
}

static void on_completion(DRV_REQUESTID id, LONG result) {
    enter_callback();
    CHECK(result <= 0, "completion with a positive result");
    pthread_mutex_lock(&lock);
    CHECK(id <= last_request && completions[id] == 1, "request %u completed twice, or never made", id);
    completions[id] = result;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    leave_callback();
}

static Call *new_call(Line *line, HDRVCALL driver) {
    CHECK(call_count < MAX_CALLS, "too many calls");
    Call *call = &calls[call_count++];
    call->line = line;
    call->driver = driver;
    call->cursor = event_count;
    return call;
}

static void on_event(HTAPILINE ht_line, HTAPICALL ht_call, DWORD msg, DWORD_PTR p1, DWORD_PTR p2, DWORD_PTR p3) {
    enter_callback();
    Event e = {(Line *)ht_line, (Call *)ht_call, msg, p1, p2, p3};
    pthread_mutex_lock(&lock);
    if (msg == LINE_NEWCALL) {
        e.call = new_call(e.line, (HDRVCALL)p1);
        *(HTAPICALL *)p2 = (HTAPICALL)e.call;
    }
    CHECK(e.call == NULL || !e.call->closed, "message %u for a closed call", msg);
    CHECK(event_count < MAX_EVENTS, "too many events");
    events[event_count++] = e;
    print_event(&e);
    Call *close = NULL;
    if (msg == LINE_CALLSTATE && p1 == LINECALLSTATE_DISCONNECTED && e.call->close_on_disconnect) close = e.call;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    if (close != NULL) {
        DRV_REQUESTID id = request();
        CHECK(TSPI_lineDrop(id, close->driver, NULL, 0) == (LONG)id, "drop from inside a callback");
        ok(TSPI_lineCloseCall(close->driver), "close from inside a callback");
        pthread_mutex_lock(&lock);
        close->closed = 1;
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&lock);
    }
    leave_callback();
}

static struct timespec patience(void) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE;
    return until;
}

/* Waits for the next message of a call (or, without one, of the line) with this first parameter. */
static Event wait_event(Line *line, Call *call, DWORD msg, DWORD_PTR p1, const char *what) {
    size_t *cursor = call ? &call->cursor : &line->cursor;
    struct timespec until = patience();
    pthread_mutex_lock(&lock);
    for (;;) {
        while (*cursor < event_count) {
            Event e = events[(*cursor)++];
            if (e.line == line && (call == NULL || e.call == call) && e.msg == msg && (p1 == 0 || e.p1 == p1)) {
                pthread_mutex_unlock(&lock);
                return e;
            }
        }
        if (pthread_cond_timedwait(&changed, &lock, &until) != 0) {
            pthread_mutex_unlock(&lock);
            fail("line %u: %s did not come", line->number, what);
        }
    }
}

static DWORD_PTR wait_state(Call *call, DWORD state) {
    return wait_event(call->line, call, LINE_CALLSTATE, state, state_name(state)).p2;
}

static LONG wait_completion(DRV_REQUESTID id) {
    struct timespec until = patience();
    pthread_mutex_lock(&lock);
    while (completions[id] == 1) {
        if (pthread_cond_timedwait(&changed, &lock, &until) != 0) fail("request %u did not complete", id);
    }
    LONG result = completions[id];
    pthread_mutex_unlock(&lock);
    return result;
}

/* Carries out an asynchronous operation and waits until it has succeeded. */
#define DO(call_expression, what)                                                                                      \
    do {                                                                                                               \
        DRV_REQUESTID id = request();                                                                                  \
        LONG accepted = (call_expression);                                                                             \
        CHECK(accepted == (LONG)id, "%s: %#x", what, (unsigned)accepted);                                              \
        LONG result = wait_completion(id);                                                                             \
        CHECK(result == 0, "%s completed with %#x", what, (unsigned)result);                                           \
    } while (0)

/* Whether a UTF-16 part of a structure holds this text and its NUL. */
static int holds(const void *structure, DWORD size, DWORD offset, const char *text) {
    size_t length = strlen(text) + 1;
    if (size != 2 * length) return 0;
    for (size_t at = 0; at < length; at++) {
        WCHAR unit;
        memcpy(&unit, (const char *)structure + offset + 2 * at, sizeof unit);
        if (unit != (WCHAR)(unsigned char)text[at]) return 0;
    }
    return 1;
}

static Call *make_call(Line *line, const char16_t *number, int close_on_disconnect) {
    pthread_mutex_lock(&lock);
    Call *call = new_call(line, NULL);
    call->close_on_disconnect = close_on_disconnect;
    pthread_mutex_unlock(&lock);
    DO(TSPI_lineMakeCall(id, line->driver, (HTAPICALL)call, &call->driver, (LPCWSTR)number, 0, NULL), "lineMakeCall");
    CHECK(call->driver != NULL, "no handle of the call");
    return call;
}

static DWORD current_state(Call *call) {
    LINECALLSTATUS status;
    memset(&status, 0, sizeof status);
    status.dwTotalSize = sizeof status;
    ok(TSPI_lineGetCallStatus(call->driver, &status), "lineGetCallStatus");
    CHECK(status.tStateEntryTime.wYear >= 2020, "state entry time");
    return status.dwCallState;
}

static void close_call(Call *call) {
    ok(TSPI_lineCloseCall(call->driver), "lineCloseCall");
    pthread_mutex_lock(&lock);
    call->closed = 1;
    pthread_mutex_unlock(&lock);
    CHECK(TSPI_lineCloseCall(call->driver) == LINEERR_INVALCALLHANDLE, "a closed call still answers");
}

static void drop_and_close(Call *call) {
    if (current_state(call) != LINECALLSTATE_IDLE) {
        DO(TSPI_lineDrop(id, call->driver, NULL, 0), "lineDrop");
        wait_state(call, LINECALLSTATE_IDLE);
    }
    close_call(call);
}

/* Waits until the line can take a call again. */
static void wait_ready(Line *line) {
    for (int tries = 0; tries < 100 * PATIENCE; tries++) {
        LINEDEVSTATUS status;
        memset(&status, 0, sizeof status);
        status.dwTotalSize = sizeof status;
        ok(TSPI_lineGetLineDevStatus(line->driver, &status), "lineGetLineDevStatus");
        if ((status.dwDevStatusFlags & LINEDEVSTATUSFLAGS_INSERVICE) && (status.dwLineFeatures & LINEFEATURE_MAKECALL))
            return;
        struct timespec nap = {0, 10000000};
        nanosleep(&nap, NULL);
    }
    fail("line %u does not become ready", line->number);
}

static void read_caps(Line *line) {
    DWORD device = ID_BASE + line->number;
    LINEDEVCAPS small;
    memset(&small, 0, sizeof small);
    small.dwTotalSize = sizeof small;
    ok(TSPI_lineGetDevCaps(device, VERSION, 0, &small), "lineGetDevCaps");
    CHECK(small.dwNeededSize > sizeof small && small.dwUsedSize <= sizeof small, "sizes of LINEDEVCAPS");
    LINEDEVCAPS *caps = calloc(1, small.dwNeededSize);
    CHECK(caps != NULL, "out of memory");
    caps->dwTotalSize = small.dwNeededSize;
    ok(TSPI_lineGetDevCaps(device, VERSION, 0, caps), "lineGetDevCaps");
    CHECK(caps->dwUsedSize == caps->dwNeededSize && caps->dwLineNameSize > 0, "texts of LINEDEVCAPS");
    CHECK(caps->dwMonitorDigitModes & LINEDIGITMODE_DTMF, "line %u does not hear digits", line->number);
    CHECK(caps->dwGenerateDigitModes & LINEDIGITMODE_DTMF, "line %u does not send digits", line->number);
    line->media = caps->dwMediaModes;
    free(caps);

    LINEADDRESSCAPS address;
    memset(&address, 0, sizeof address);
    address.dwTotalSize = sizeof address;
    ok(TSPI_lineGetAddressCaps(device, 0, VERSION, 0, &address), "lineGetAddressCaps");
    line->call_states = address.dwCallStates;
    line->call_features = address.dwCallFeatures;
    printf("line %u: media %#x, call states %#x\n", line->number, line->media, line->call_states);
}

/* A getter of a variable-size structure, for one line or call. */
typedef struct {
    const char *what;
    LONG (*get)(const void *of, DWORD version, void *block);
    const void *of;
    DWORD version, fixed;
} Getter;

/* Calls a getter with every size of block, and looks what it wrote where. */
static void probe_sizes(Getter getter) {
    enum { ROOM = 4096, CANARY = 0xa5 };
    static unsigned char block[ROOM], canaries[ROOM];
    memset(canaries, CANARY, sizeof canaries);
    DWORD needed = 0;
    for (DWORD total = ROOM - 64;; total = total == ROOM - 64 ? needed + 64 : total - 1) {
        memset(block, CANARY, sizeof block);
        DWORD head[3];
        memcpy(block, &total, sizeof total);
        LONG result = getter.get(getter.of, getter.version, block);
        memcpy(head, block, sizeof head);
        CHECK(head[0] == total, "%s changed dwTotalSize", getter.what);
        CHECK(memcmp(block + total, canaries, sizeof block - total) == 0 || total < 4, "%s wrote behind %u bytes",
              getter.what, total);
        if (total < getter.fixed) {
            CHECK(result == LINEERR_STRUCTURETOOSMALL, "%s of %u bytes: %#x", getter.what, total, (unsigned)result);
            CHECK(memcmp(block + 4, canaries, sizeof block - 4) == 0, "%s wrote although it failed", getter.what);
        } else {
            ok(result, getter.what);
            if (needed == 0) needed = head[1];
            CHECK(head[1] == needed, "%s needs %u and %u", getter.what, needed, head[1]);
            CHECK(head[2] >= getter.fixed && head[2] <= total && head[2] <= needed, "%s used %u", getter.what, head[2]);
            CHECK((head[2] == needed) == (total >= needed), "%s used %u of %u", getter.what, head[2], total);
            CHECK(memcmp(block + head[2], canaries, sizeof block - head[2]) == 0, "%s wrote behind dwUsedSize",
                  getter.what);
        }
        if (total == 0) break;
    }
}

static LONG get_dev_caps(const void *of, DWORD version, void *block) {
    return TSPI_lineGetDevCaps(ID_BASE + ((const Line *)of)->number, version, 0, block);
}
static LONG get_address_caps(const void *of, DWORD version, void *block) {
    return TSPI_lineGetAddressCaps(ID_BASE + ((const Line *)of)->number, 0, version, 0, block);
}
static LONG get_dev_status(const void *of, DWORD version, void *block) {
    (void)version;
    return TSPI_lineGetLineDevStatus(((const Line *)of)->driver, block);
}
static LONG get_address_status(const void *of, DWORD version, void *block) {
    (void)version;
    return TSPI_lineGetAddressStatus(((const Line *)of)->driver, 0, block);
}
static LONG get_id(const void *of, DWORD version, void *block) {
    (void)version;
    return TSPI_lineGetID(((const Line *)of)->driver, 0, NULL, LINECALLSELECT_LINE, block, (LPCWSTR)u"tapi/line", NULL);
}
static LONG get_config(const void *of, DWORD version, void *block) {
    (void)version;
    return TSPI_lineGetDevConfig(ID_BASE + ((const Line *)of)->number, block, (LPCWSTR)u"tapi/line");
}
static LONG get_call_info(const void *of, DWORD version, void *block) {
    (void)version;
    return TSPI_lineGetCallInfo(((const Call *)of)->driver, block);
}
static LONG get_call_status(const void *of, DWORD version, void *block) {
    (void)version;
    return TSPI_lineGetCallStatus(((const Call *)of)->driver, block);
}

/* A question of the extension, with its answer behind the head. */
typedef struct {
    DWORD question, needed, used, answer[4];
} Asked;

/* The extension: its id and version, and what it tells. */
static void probe_extension(const Line *line) {
    DWORD device = ID_BASE + line->number, version = 0;
    LINEEXTENSIONID extension = {0, 0, 0, 0};
    ok(TSPI_lineGetExtensionID(device, VERSION, &extension), "lineGetExtensionID");
    CHECK(extension.dwExtensionID0 && extension.dwExtensionID3, "no extension");
    ok(TSPI_lineNegotiateExtVersion(device, VERSION, 0, 0xffffffffu, &version), "lineNegotiateExtVersion");
    CHECK(version == 0x00010000, "extension version %#x", version);
    CHECK(TSPI_lineNegotiateExtVersion(device, VERSION, 0x00010001, 0xffffffffu, &version) ==
              LINEERR_INCOMPATIBLEEXTVERSION,
          "a version that is not there");
    Asked asked = {1, 0, 0, {0, 0, 0, 0}};
    CHECK(TSPI_lineDevSpecific(1, line->driver, 0, NULL, &asked, sizeof asked) == LINEERR_OPERATIONUNAVAIL,
          "asked without selecting the version");
    ok(TSPI_lineSelectExtVersion(line->driver, version), "lineSelectExtVersion");
    DO(TSPI_lineDevSpecific(id, line->driver, 0, NULL, &asked, sizeof asked), "lineDevSpecific");
    CHECK(asked.needed == 20 && asked.used == 20 && (asked.answer[0] & 4) && (asked.answer[1] & 4), "loop %u %#x %#x",
          asked.used, asked.answer[0], asked.answer[1]);
    DO(TSPI_lineDevSpecific(id, line->driver, 0, NULL, &asked, 12), "lineDevSpecific in little room");
    CHECK(asked.needed == 20 && asked.used == 12, "used %u of %u", asked.used, asked.needed);
    asked.question = 99;
    CHECK(TSPI_lineDevSpecific(1, line->driver, 0, NULL, &asked, sizeof asked) == LINEERR_INVALPARAM, "question 99");
    ok(TSPI_lineSelectExtVersion(line->driver, 0), "lineSelectExtVersion");
}

static void probe_line(const Line *line) {
    probe_sizes((Getter){"lineGetDevCaps 1.3", get_dev_caps, line, 0x00010003, 236});
    probe_sizes((Getter){"lineGetDevCaps 1.4", get_dev_caps, line, 0x00010004, 240});
    probe_sizes((Getter){"lineGetDevCaps 2.0", get_dev_caps, line, 0x00020000, 252});
    probe_sizes((Getter){"lineGetDevCaps 2.2", get_dev_caps, line, 0x00020002, 268});
    probe_sizes((Getter){"lineGetAddressCaps 1.3", get_address_caps, line, 0x00010003, 176});
    probe_sizes((Getter){"lineGetAddressCaps 1.4", get_address_caps, line, 0x00010004, 180});
    probe_sizes((Getter){"lineGetAddressCaps 2.2", get_address_caps, line, 0x00020002, 228});
    probe_sizes((Getter){"lineGetLineDevStatus", get_dev_status, line, 0, 88});
    probe_sizes((Getter){"lineGetAddressStatus", get_address_status, line, 0, 64});
    probe_sizes((Getter){"lineGetID", get_id, line, 0, 24});
    probe_sizes((Getter){"lineGetDevConfig", get_config, line, 0, 24});

    DWORD device = ID_BASE + line->number, number = 99;
    /* A handle of a line is none of a call. */
    CHECK(TSPI_lineHold(1, (HDRVCALL)line->driver) == LINEERR_INVALCALLHANDLE, "a line is held");
    ok(TSPI_lineGetNumAddressIDs(line->driver, &number), "lineGetNumAddressIDs");
    CHECK(number == 1, "%u addresses", number);
    char16_t address[] = u"5550100";
    address[6] = (char16_t)(u'0' + line->number);
    ok(TSPI_lineGetAddressID(line->driver, &number, LINEADDRESSMODE_DIALABLEADDR, (LPCWSTR)address, sizeof address),
       "lineGetAddressID");
    CHECK(number == 0, "address id %u", number);
    struct {
        VARSTRING string;
        DWORD value;
        unsigned char more[64];
    } id;
    memset(&id, 0, sizeof id);
    id.string.dwTotalSize = sizeof id;
    ok(get_id(line, 0, &id), "lineGetID");
    CHECK(id.string.dwStringFormat == STRINGFORMAT_BINARY && id.string.dwStringSize == 4 && id.value == device,
          "tapi/line is %u", id.value);
    ok(get_config(line, 0, &id), "lineGetDevConfig");
    unsigned char *config = (unsigned char *)&id + id.string.dwStringOffset;
    ok(TSPI_lineSetDevConfig(device, config, id.string.dwStringSize, (LPCWSTR)u"TAPI/line"), "lineSetDevConfig");
    config[0] ^= 1;
    CHECK(TSPI_lineSetDevConfig(device, config, id.string.dwStringSize, (LPCWSTR)u"tapi/line") == LINEERR_INVALPARAM,
          "a spoilt configuration is taken");
    CHECK(TSPI_lineSetDevConfig(device, config, 0, (LPCWSTR)u"tapi/line") == LINEERR_INVALPARAM, "no configuration");
    probe_extension(line);
    HICON icon = (HICON)1;
    ok(TSPI_lineGetIcon(device, NULL, &icon), "lineGetIcon");
    CHECK(icon == NULL, "an icon");
    CHECK(TSPI_lineGetDevCaps(ID_BASE + LINES, VERSION, 0, (LPLINEDEVCAPS)&id) == LINEERR_BADDEVICEID,
          "a foreign device");
    CHECK(TSPI_lineGetAddressCaps(device, 1, VERSION, 0, (LPLINEADDRESSCAPS)&id) == LINEERR_INVALADDRESSID,
          "a second address");
}

static void probe_call(const Call *call) {
    probe_sizes((Getter){"lineGetCallStatus", get_call_status, call, 0, 56});
    DWORD address = 99;
    ok(TSPI_lineGetCallAddressID(call->driver, &address), "lineGetCallAddressID");
    CHECK(address == 0, "address id %u", address);
}

static void open_line(Line *line) {
    DWORD version = 0;
    DWORD device = ID_BASE + line->number;
    ok(TSPI_lineNegotiateTSPIVersion(device, 0x00010003, 0x00030001, &version), "version of the line");
    CHECK(version == VERSION, "version %#x", version);
    ok(TSPI_lineOpen(device, (HTAPILINE)line, &line->driver, version, on_event), "lineOpen");
    CHECK(line->driver != NULL, "no handle of the line");
    HDRVLINE second = NULL;
    CHECK(TSPI_lineOpen(device, (HTAPILINE)line, &second, version, on_event) < 0 && second == NULL, "opened twice");
    ok(TSPI_lineSetStatusMessages(line->driver, LINEDEVSTATE_RINGING | LINEDEVSTATE_NUMCALLS | LINEDEVSTATE_INSERVICE,
                                  LINEADDRESSSTATE_NUMCALLS),
       "lineSetStatusMessages");
    wait_ready(line);
    read_caps(line);
    ok(TSPI_lineSetDefaultMediaDetection(line->driver, line->media), "lineSetDefaultMediaDetection");
    ok(TSPI_lineConditionalMediaDetection(line->driver, LINEMEDIAMODE_INTERACTIVEVOICE, NULL),
       "lineConditionalMediaDetection");
    probe_line(line);
}

static void send_digits(Call *from, Call *to, const char16_t *digits, DWORD number) {
    ok(TSPI_lineGenerateDigits(from->driver, number, LINEDIGITMODE_DTMF, (LPCWSTR)digits, 0), "lineGenerateDigits");
    for (const char16_t *digit = digits; *digit; digit++)
        wait_event(to->line, to, LINE_MONITORDIGITS, *digit, "a digit");
    Event done = wait_event(from->line, from, LINE_GENERATE, 0, "LINE_GENERATE");
    CHECK(done.p1 == LINEGENERATETERM_DONE && done.p2 == number, "generated %#x %u", (unsigned)done.p1, (unsigned)done.p2);
}

static void between_the_lines(Line *from, Line *to) {
    printf("--- line %u calls line %u\n", from->number, to->number);
    char16_t number[] = u"5550100";
    number[6] = (char16_t)(u'0' + to->number);
    pthread_mutex_lock(&lock);
    to->cursor = event_count;
    pthread_mutex_unlock(&lock);
    Call *out = make_call(from, number, 0);
    Call *in = wait_event(to, NULL, LINE_NEWCALL, 0, "LINE_NEWCALL").call;
    wait_state(in, LINECALLSTATE_OFFERING);

    char name[] = "EMULATED 0", caller[] = "5550100";
    name[9] = (char)('0' + from->number);
    caller[6] = (char)('0' + from->number);
    for (;;) {
        wait_event(to, in, LINE_CALLINFO, 0, "caller identification");
        union {
            LINECALLINFO info;
            char room[1024];
        } block;
        memset(&block, 0, sizeof block);
        block.info.dwTotalSize = sizeof block;
        ok(TSPI_lineGetCallInfo(in->driver, &block.info), "lineGetCallInfo");
        if (!(block.info.dwCallerIDFlags & LINECALLPARTYID_ADDRESS)) continue;
        CHECK(holds(&block, block.info.dwCallerIDSize, block.info.dwCallerIDOffset, caller), "the caller's number");
        CHECK(holds(&block, block.info.dwCallerIDNameSize, block.info.dwCallerIDNameOffset, name), "the caller's name");
        CHECK(block.info.dwLineDeviceID == ID_BASE + to->number, "the call's device");
        break;
    }
    DO(TSPI_lineAnswer(id, in->driver, NULL, 0), "lineAnswer");
    wait_state(in, LINECALLSTATE_CONNECTED);
    wait_state(out, LINECALLSTATE_CONNECTED);

    ok(TSPI_lineSetAppSpecific(in->driver, 4711), "lineSetAppSpecific");
    wait_event(to, in, LINE_CALLINFO, LINECALLINFOSTATE_APPSPECIFIC, "LINE_CALLINFO");
    probe_call(in);
    probe_call(out);
    probe_sizes((Getter){"lineGetCallInfo", get_call_info, in, 0, 324});
    DO(TSPI_lineReleaseUserUserInfo(id, in->driver), "lineReleaseUserUserInfo");
    CHECK(TSPI_lineSwapHold(1, in->driver, out->driver) == LINEERR_INVALCALLHANDLE, "calls of two lines are swapped");
    ok(TSPI_lineMonitorDigits(in->driver, LINEDIGITMODE_DTMF), "lineMonitorDigits");
    ok(TSPI_lineMonitorDigits(out->driver, LINEDIGITMODE_DTMF), "lineMonitorDigits");
    send_digits(out, in, u"159D", 1);
    send_digits(in, out, u"260#", 2);

    WCHAR gathered[8];
    memset(gathered, 0xff, sizeof gathered);
    ok(TSPI_lineGatherDigits(in->driver, 77, LINEDIGITMODE_DTMF, gathered, 6, (LPCWSTR)u"#", 0, 0), "lineGatherDigits");
    ok(TSPI_lineGenerateDigits(out->driver, 3, LINEDIGITMODE_DTMF, (LPCWSTR)u"42#", 0), "lineGenerateDigits");
    Event e = wait_event(to, in, LINE_GATHERDIGITS, 0, "LINE_GATHERDIGITS");
    CHECK(e.p1 == LINEGATHERTERM_TERMDIGIT && e.p2 == 77, "gathered %#x %u", (unsigned)e.p1, (unsigned)e.p2);
    CHECK(holds(gathered, 8, 0, "42#") && gathered[4] == 0xffff, "the gathered digits");
    wait_event(from, out, LINE_GENERATE, LINEGENERATETERM_DONE, "LINE_GENERATE");
    ok(TSPI_lineGatherDigits(in->driver, 78, LINEDIGITMODE_DTMF, gathered, 6, NULL, 0, 0), "lineGatherDigits");
    ok(TSPI_lineGatherDigits(in->driver, 0, 0, NULL, 0, NULL, 0, 0), "cancel of lineGatherDigits");
    e = wait_event(to, in, LINE_GATHERDIGITS, LINEGATHERTERM_CANCEL, "LINE_GATHERDIGITS");
    CHECK(e.p2 == 78, "the cancelled collection is %u", (unsigned)e.p2);

    drop_and_close(out);
    if (to->call_states & LINECALLSTATE_DISCONNECTED) wait_state(in, LINECALLSTATE_DISCONNECTED);
    drop_and_close(in);
    wait_ready(from);
    wait_ready(to);
}

static unsigned witnessed;

/* Calls a scripted number and waits for a state, where the line can witness it. */
static void scripted(Line *line, const char16_t *number, DWORD state) {
    if (!(line->call_states & state)) {
        printf("--- line %u cannot witness %s\n", line->number, state_name(state));
        return;
    }
    printf("--- line %u calls for %s\n", line->number, state_name(state));
    Call *call = make_call(line, number, 0);
    wait_state(call, state);
    CHECK(current_state(call) == state, "the status disagrees with the message");
    witnessed |= state;
    drop_and_close(call);
    wait_ready(line);
}

/* The far end answers and hangs up; the call is closed from inside the callback that says so. */
static void far_end_hangs_up(Line *line) {
    printf("--- line %u is hung up on\n", line->number);
    Call *call = make_call(line, u"5550125", 1);
    wait_state(call, LINECALLSTATE_CONNECTED);
    wait_state(call, LINECALLSTATE_DISCONNECTED);
    struct timespec until = patience();
    pthread_mutex_lock(&lock);
    while (!call->closed)
        CHECK(pthread_cond_timedwait(&changed, &lock, &until) == 0, "the callback did not close the call");
    DRV_REQUESTID drop = last_request;
    pthread_mutex_unlock(&lock);
    wait_completion(drop);
    CHECK(TSPI_lineCloseCall(call->driver) == LINEERR_INVALCALLHANDLE, "a closed call still answers");
    wait_ready(line);
}

/* Three-way calling: a second call beside the first, and then all in one conference. */
static void three_parties(Line *line) {
    if (!(line->call_features & LINECALLFEATURE_SETUPTRANSFER)) {
        printf("--- line %u cannot consult\n", line->number);
        return;
    }
    printf("--- line %u consults\n", line->number);
    Call *first = make_call(line, u"5550120", 0);
    wait_state(first, LINECALLSTATE_CONNECTED);
    pthread_mutex_lock(&lock);
    Call *second = new_call(line, NULL), *conference = new_call(line, NULL);
    pthread_mutex_unlock(&lock);
    DO(TSPI_lineSetupTransfer(id, first->driver, (HTAPICALL)second, &second->driver, NULL), "lineSetupTransfer");
    CHECK(second->driver != NULL, "no handle of the consultation call");
    wait_state(first, LINECALLSTATE_ONHOLDPENDTRANSFER);
    wait_state(second, LINECALLSTATE_DIALTONE);
    DO(TSPI_lineDial(id, second->driver, (LPCWSTR)u"5550131", 0), "lineDial");
    wait_state(second, LINECALLSTATE_CONNECTED);
    DO(TSPI_lineCompleteTransfer(id, first->driver, second->driver, (HTAPICALL)conference, &conference->driver,
                                 LINETRANSFERMODE_CONFERENCE),
       "lineCompleteTransfer");
    wait_state(conference, LINECALLSTATE_CONNECTED);
    CHECK(wait_state(first, LINECALLSTATE_CONFERENCED) == (DWORD_PTR)conference, "whose member is the first call?");
    CHECK(wait_state(second, LINECALLSTATE_CONFERENCED) == (DWORD_PTR)conference, "whose member is the second call?");
    drop_and_close(conference);
    drop_and_close(first);
    drop_and_close(second);
    wait_ready(line);
}

/* What the line says, as samples from a socket; it ends with the call. */
static void hears(Line *line) {
    Call *call = make_call(line, u"5550126", 0);
    wait_state(call, LINECALLSTATE_CONNECTED);
    struct {
        VARSTRING string;
        int socket;
    } id;
    memset(&id, 0, sizeof id);
    id.string.dwTotalSize = sizeof id;
    LONG answer =
        TSPI_lineGetID(NULL, 0, call->driver, LINECALLSELECT_CALL, &id.string, (LPCWSTR)u"wave/in", NULL);
    if (answer == LINEERR_NODEVICE) {
        printf("--- line %u gives no audio\n", line->number);
        drop_and_close(call);
        wait_ready(line);
        return;
    }
    printf("--- line %u is heard\n", line->number);
    ok(answer, "lineGetID");
    CHECK(id.string.dwStringSize == sizeof id.socket && id.string.dwStringOffset == sizeof id.string, "wave/in");
    int16_t samples[80];
    ssize_t got;
    int loudest = 0;
    while (loudest < 1000) {
        got = read(id.socket, samples, sizeof samples);
        CHECK(got > 0, "the audio ended");
        for (size_t at = 0; at < (size_t)got / 2; at++) {
            int value = samples[at] < 0 ? -samples[at] : samples[at];
            if (value > loudest) loudest = value;
        }
    }
    drop_and_close(call);
    while ((got = read(id.socket, samples, sizeof samples)) > 0) continue;
    CHECK(got == 0, "the audio does not end with the call");
    close(id.socket);
    wait_ready(line);
}

static void session(void) {
    DWORD version = 0, line_count = 0, phone_count = 0, options = 99;
    ok(TSPI_lineNegotiateTSPIVersion(INITIALIZE_NEGOTIATION, 0x00010003, 0x00030001, &version), "version");
    CHECK(version == VERSION, "version %#x", version);
    ok(TSPI_providerEnumDevices(1, &line_count, &phone_count, NULL, on_event, NULL), "providerEnumDevices");
    CHECK(line_count == LINES && phone_count == 0, "%u lines, %u phones", line_count, phone_count);
    ok(TSPI_providerInit(version, 1, ID_BASE, 0, line_count, phone_count, on_completion, &options), "providerInit");
    CHECK(!(options & LINETSPIOPTION_NONREENTRANT), "options %#x", options);
    for (unsigned n = 0; n < LINES; n++) {
        lines[n].number = n;
        lines[n].cursor = event_count;
        open_line(&lines[n]);
    }
}

static void end_session(void) {
    for (unsigned n = 0; n < LINES; n++) {
        ok(TSPI_lineClose(lines[n].driver), "lineClose");
        CHECK(TSPI_lineClose(lines[n].driver) == LINEERR_INVALLINEHANDLE, "a closed line still answers");
    }
    ok(TSPI_providerShutdown(VERSION, 1), "providerShutdown");
}

int main(void) {
    alarm(WATCHDOG);
    session();
    between_the_lines(&lines[0], &lines[1]);
    between_the_lines(&lines[1], &lines[0]);
    for (unsigned n = 0; n < LINES; n++) {
        scripted(&lines[n], u"5550121", LINECALLSTATE_BUSY);
        scripted(&lines[n], u"5550122", LINECALLSTATE_RINGBACK);
        scripted(&lines[n], u"5550124", LINECALLSTATE_SPECIALINFO);
        far_end_hangs_up(&lines[n]);
        three_parties(&lines[n]);
        hears(&lines[n]);
    }
    DWORD wanted = LINECALLSTATE_BUSY | LINECALLSTATE_RINGBACK | LINECALLSTATE_SPECIALINFO;
    CHECK((witnessed & wanted) == wanted, "no line witnessed %#x", wanted & ~witnessed);

    /* Close a line with a call on it: its request completes, nothing comes afterwards. */
    printf("--- closing under a call\n");
    make_call(&lines[1], u"5550122", 0);
    end_session();
    size_t last = event_count;

    printf("--- a second session\n");
    session();
    CHECK(TSPI_providerInit(VERSION, 1, ID_BASE, 0, LINES, 0, on_completion, &(DWORD){0}) == 0, "a nested init");
    end_session();
    for (; last < event_count; last++) CHECK(events[last].call == NULL, "a message for a call of the session before");
    printf("done: %zu messages, %u requests\n", event_count, last_request);
    return 0;
}
