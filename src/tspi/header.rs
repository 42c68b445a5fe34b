//! The C headers, made from the tables. `include/tapi.h` and `include/tspi.h` are committed; the test here tells when
//! they are not what the tables say, and `UPDATE_HEADERS=1 cargo test --lib tspi::header` writes them.

use super::consts::{GROUPS, Group, VERSION_MAX, VERSION_MIN};
use super::ops::OPERATIONS;
use super::types::{STRUCTURES, Structure};
use loopstart_provider::LineErr;
use std::fmt::Write;

const TAPI_HEAD: &str = r#"/*
 * tapi.h: types, constants and structures of the telephony interface, line class, for hosts on Linux.
 *
 * Generated from loopstart's tables; see tspi.h for the conventions and the functions.
 */
#ifndef LOOPSTART_TAPI_H
#define LOOPSTART_TAPI_H

#include <stdint.h>

/* The newest version whose structure members are wanted. Versions up to 2.2 are spoken. */
#ifndef TAPI_CURRENT_VERSION
#define TAPI_CURRENT_VERSION 0x00020002
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef uint32_t DWORD;
typedef int32_t LONG;
typedef uint16_t WORD;
typedef uint16_t WCHAR; /* A unit of UTF-16 (char16_t), not wchar_t. */
typedef uintptr_t DWORD_PTR;
typedef void *LPVOID;
typedef void *HANDLE;
typedef void *HWND;
typedef void *HICON;
typedef HICON *LPHICON;
typedef DWORD *LPDWORD;
typedef WCHAR *LPWSTR;
typedef const WCHAR *LPCWSTR;
typedef const char *LPCSTR;
typedef DWORD HLINE;

typedef struct GUID {
    uint32_t Data1;
    uint16_t Data2;
    uint16_t Data3;
    uint8_t Data4[8];
} GUID, *LPGUID;

typedef struct SYSTEMTIME {
    WORD wYear;
    WORD wMonth;
    WORD wDayOfWeek;
    WORD wDay;
    WORD wHour;
    WORD wMinute;
    WORD wSecond;
    WORD wMilliseconds;
} SYSTEMTIME;
"#;

const TSPI_HEAD: &str = r#"/*
 * tspi.h: the provider interface of loopstart (TSPI), for hosts on Linux. Link with -lloopstart or load
 * libloopstart.so. Generated from loopstart's tables; compiles as C99 and as C++.
 *
 * Conventions
 *
 * Results. 0 is success of a synchronous function. A negative number is an error (LINEERR_...), and then nothing was
 * changed and nothing written. A function that takes a DRV_REQUESTID answers with that number when it accepted the
 * request, and then the ASYNC_COMPLETION callback runs exactly once for it, with 0 or an error, possibly before the
 * function has returned. Numbers of requests are 1 to 0x7fffffff. Functions marked "refused" always answer the same error.
 *
 * Memory. The host allocates and frees everything it passes in. Input is copied before a function returns: texts of at
 * most 8191 characters, blocks of at most 64 KiB; longer ones are refused without being read. The provider hands out no
 * memory. The one buffer that is used later is that of TSPI_lineGatherDigits: it must stay until its LINE_GATHERDIGITS
 * message, or until the call or the line is closed.
 *
 * Answers of requests. Handles of new calls, numbers of completions, park slots and the answers of the extension are stored
 * before the function returns the request's number, and before its completion. They count once the request completed with
 * success; of a function that refuses nothing is stored.
 *
 * Descriptors. TSPI_lineGetID hands out file descriptors for the classes comm/datamodem and wave/...; they are the host's,
 * who closes them.
 *
 * Structures. They are packed and may lie at any address. The host sets dwTotalSize; the provider sets dwNeededSize and
 * dwUsedSize and writes the fixed part of the version in use. A part of variable size is there whole, or its size and
 * offset are 0 and dwNeededSize tells how much room would do. Members that belong to the host are left as they are.
 * Strings are UTF-16 in the machine's order, with a NUL.
 *
 * Null. A pointer that must not be null and is: LINEERR_INVALPOINTER. Any other pointer must be good for its use.
 *
 * Handles. HDRVLINE and HDRVCALL are numbers, never addresses: one that is stale, foreign or made up answers
 * LINEERR_INVALLINEHANDLE or LINEERR_INVALCALLHANDLE. HTAPILINE and HTAPICALL are the host's own and are only handed back;
 * an HTAPICALL is not null (the host answers null to LINE_NEWCALL when it cannot take a call).
 *
 * Threads. Every function may be called at any time from any thread. Callbacks come from one thread of the provider and
 * never overlap; any function may be called from inside one. Callbacks must not unwind (no C++ exception, no longjmp).
 * After TSPI_lineCloseCall, TSPI_lineClose and TSPI_providerShutdown nothing is told about what they ended; from inside a
 * callback, open requests complete right after that callback returns.
 *
 * Order. TSPI_lineNegotiateTSPIVersion(INITIALIZE_NEGOTIATION, ...), TSPI_providerEnumDevices, TSPI_providerInit, then
 * lines and calls, then TSPI_providerShutdown. Before TSPI_providerInit: LINEERR_UNINITIALIZED.
 *
 * Nothing is written to standard output or standard error unless the environment variable LOOPSTART_LOG asks for it
 * (error, warn, info, debug).
 */
#ifndef LOOPSTART_TSPI_H
#define LOOPSTART_TSPI_H

#include "tapi.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef DWORD DRV_REQUESTID;

/* The provider's handles. */
typedef struct HDRVLINE_ *HDRVLINE, **LPHDRVLINE;
typedef struct HDRVCALL_ *HDRVCALL, **LPHDRVCALL;
typedef struct HDRVPHONE_ *HDRVPHONE, **LPHDRVPHONE;
typedef struct HDRVMSPLINE_ *HDRVMSPLINE, **LPHDRVMSPLINE;
typedef struct HDRVDIALOGINSTANCE_ *HDRVDIALOGINSTANCE;

/* The host's handles. */
typedef struct HTAPILINE_ *HTAPILINE;
typedef struct HTAPICALL_ *HTAPICALL;
typedef struct HTAPIPHONE_ *HTAPIPHONE;
typedef struct HPROVIDER_ *HPROVIDER;
typedef DWORD HTAPIMSPLINE;
typedef DWORD HTAPIDIALOGINSTANCE;

/* Of the phone class, which is refused. */
typedef struct PHONEBUTTONINFO *LPPHONEBUTTONINFO;
typedef struct PHONECAPS *LPPHONECAPS;
typedef struct PHONEEXTENSIONID *LPPHONEEXTENSIONID;
typedef struct PHONESTATUS *LPPHONESTATUS;

/* How a request ended: 0 or an error. */
typedef void (*ASYNC_COMPLETION)(DRV_REQUESTID dwRequestID, LONG lResult);
/* A message (LINE_...) of a line. */
typedef void (*LINEEVENT)(HTAPILINE htLine, HTAPICALL htCall, DWORD dwMsg, DWORD_PTR dwParam1, DWORD_PTR dwParam2,
                          DWORD_PTR dwParam3);
/* A message of a phone; there are none. */
typedef void (*PHONEEVENT)(HTAPIPHONE htPhone, DWORD dwMsg, DWORD_PTR dwParam1, DWORD_PTR dwParam2, DWORD_PTR dwParam3);
"#;

const FOOT: &str = "\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n";

fn tapi() -> String {
    let mut out = TAPI_HEAD.to_owned();
    for group in GROUPS {
        constants(&mut out, group);
    }
    out.push_str("\n/* Errors of the line class. */\n");
    for (error, name, text) in LineErr::ALL {
        writeln!(out, "#define {name:<38} ((LONG){:#x}u) /* {text} */", error.code() as u32).unwrap();
    }
    out.push_str("\n#pragma pack(push, 1)\n");
    // What is embedded comes before what embeds it.
    let (embedded, rest): (Vec<_>, Vec<_>) =
        STRUCTURES.iter().filter(|s| s.packed).partition(|s| matches!(s.name, "LINEDIALPARAMS" | "LINEFORWARD"));
    for structure in embedded.into_iter().chain(rest) {
        define(&mut out, structure);
    }
    out.push_str("\n#pragma pack(pop)\n");
    out + FOOT
}

fn tspi() -> String {
    let mut out = TSPI_HEAD.to_owned();
    for structure in STRUCTURES.iter().filter(|s| !s.packed) {
        define(&mut out, structure);
    }
    for operation in OPERATIONS {
        out.push('\n');
        if let Some((_, why)) = operation.refused {
            writeln!(out, "/* Refused: {why}. */").unwrap();
        }
        wrap(&mut out, &operation.signature());
    }
    out + FOOT
}

fn constants(out: &mut String, group: &Group) {
    write!(out, "\n/*{} */\n", group.text).unwrap();
    for (name, value) in group.constants {
        writeln!(out, "#define {name:<38} {value:#x}u").unwrap();
    }
}

fn define(out: &mut String, structure: &Structure) {
    let name = structure.name;
    write!(out, "\n/*{} */\ntypedef struct {name} {{\n", structure.text).unwrap();
    let mut since = 0x0001_0003;
    for field in structure.fields {
        if field.since != since {
            if since != 0x0001_0003 {
                out.push_str("#endif\n");
            }
            since = field.since;
            writeln!(out, "#if TAPI_CURRENT_VERSION >= {since:#010x}").unwrap();
        }
        match field.ty.strip_prefix('[').and_then(|t| t.strip_suffix(']')).and_then(|t| t.split_once("; ")) {
            Some((element, count)) => writeln!(out, "    {element} {}[{count}];", field.name),
            None => writeln!(out, "    {} {};", field.ty, field.name),
        }
        .unwrap();
    }
    if since != 0x0001_0003 {
        out.push_str("#endif\n");
    }
    writeln!(out, "}} {name}, *LP{name};").unwrap();
}

/// A prototype in lines of at most 120 characters.
fn wrap(out: &mut String, signature: &str) {
    let (head, parameters) = signature.split_once('(').unwrap();
    let indent = head.len() + 1;
    let mut line = format!("{head}(");
    for (at, parameter) in parameters.split(", ").enumerate() {
        if at > 0 {
            line.push(',');
            if line.len() + 1 + parameter.len() > 119 {
                writeln!(out, "{line}").unwrap();
                line = " ".repeat(indent);
            } else {
                line.push(' ');
            }
        }
        line.push_str(parameter);
    }
    writeln!(out, "{line}").unwrap();
}

fn compare(file: &str, text: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("include").join(file);
    if std::env::var_os("UPDATE_HEADERS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    if committed != text {
        let first = committed.lines().zip(text.lines()).position(|(a, b)| a != b);
        panic!(
            "include/{file} is not what the tables say (line {:?}); run with UPDATE_HEADERS=1",
            first.map(|l| l + 1)
        );
    }
}

#[test]
fn headers_are_up_to_date() {
    assert!(TAPI_HEAD.contains(&format!("{VERSION_MAX:#010x}")) && VERSION_MIN == 0x0002_0000);
    compare("tapi.h", &tapi());
    compare("tspi.h", &tspi());
}
