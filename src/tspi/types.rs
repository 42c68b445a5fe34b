//! The published types and structures, byte for byte.
//!
//! Structures are never filled through references: a host's block may lie at any address and be shorter than the type.
//! They are here for their layout (offsets, sizes, fixed part by version) and for hosts written in Rust.
#![allow(missing_docs, non_camel_case_types, non_snake_case)] // The published interface names and documents them.

use core::ffi::{c_char, c_void};

pub type DWORD = u32;
pub type LONG = i32;
pub type WORD = u16;
pub type WCHAR = u16;
/// Holds a number or a pointer.
pub type DWORD_PTR = usize;
/// An asynchronous request: 1 to 0x7fffffff, chosen by the host.
pub type DRV_REQUESTID = u32;

pub type HANDLE = *mut c_void;
pub type HWND = *mut c_void;
pub type HICON = *mut c_void;
/// The application's handle of a line, inside LINECALLINFO only.
pub type HLINE = u32;
pub type HPROVIDER = usize;
/// The host's handles.
pub type HTAPILINE = usize;
pub type HTAPICALL = usize;
pub type HTAPIPHONE = usize;
pub type HTAPIMSPLINE = u32;
pub type HTAPIDIALOGINSTANCE = u32;
/// The provider's handles. Not pointers: any value may be passed in and is checked.
pub type HDRVLINE = usize;
pub type HDRVCALL = usize;
pub type HDRVPHONE = usize;
pub type HDRVMSPLINE = usize;
pub type HDRVDIALOGINSTANCE = usize;

pub type LPVOID = *mut c_void;
pub type LPDWORD = *mut DWORD;
pub type LPWSTR = *mut WCHAR;
pub type LPCWSTR = *const WCHAR;
pub type LPCSTR = *const c_char;
pub type LPGUID = *mut GUID;
pub type LPHICON = *mut HICON;
pub type LPHDRVLINE = *mut HDRVLINE;
pub type LPHDRVCALL = *mut HDRVCALL;
pub type LPHDRVPHONE = *mut HDRVPHONE;
pub type LPHDRVMSPLINE = *mut HDRVMSPLINE;

/// Tells how an asynchronous request ended: 0 or a negative error.
pub type ASYNC_COMPLETION = Option<unsafe extern "C" fn(dwRequestID: DRV_REQUESTID, lResult: LONG)>;
/// Takes the messages of a line.
pub type LINEEVENT = Option<
    unsafe extern "C" fn(
        htLine: HTAPILINE,
        htCall: HTAPICALL,
        dwMsg: DWORD,
        dwParam1: DWORD_PTR,
        dwParam2: DWORD_PTR,
        dwParam3: DWORD_PTR,
    ),
>;
/// Takes the messages of a phone.
pub type PHONEEVENT = Option<
    unsafe extern "C" fn(
        htPhone: HTAPIPHONE,
        dwMsg: DWORD,
        dwParam1: DWORD_PTR,
        dwParam2: DWORD_PTR,
        dwParam3: DWORD_PTR,
    ),
>;

/// A globally unique identifier.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GUID {
    pub Data1: u32,
    pub Data2: u16,
    pub Data3: u16,
    pub Data4: [u8; 8],
}

/// A date and time, UTC.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SYSTEMTIME {
    pub wYear: WORD,
    /// 1 to 12.
    pub wMonth: WORD,
    /// 0 = Sunday.
    pub wDayOfWeek: WORD,
    pub wDay: WORD,
    pub wHour: WORD,
    pub wMinute: WORD,
    pub wSecond: WORD,
    pub wMilliseconds: WORD,
}

/// A member of a structure.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub name: &'static str,
    /// Its type, as the structure's definition here writes it.
    pub ty: &'static str,
    /// Bytes from the start.
    pub offset: usize,
    /// Bytes.
    pub size: usize,
    /// The version that added it.
    pub since: u32,
}

/// The layout of a structure.
#[derive(Clone, Copy, Debug)]
pub struct Structure {
    pub name: &'static str,
    /// What it is.
    pub text: &'static str,
    /// Bytes, in the newest version.
    pub size: usize,
    /// No padding, alignment 1.
    pub packed: bool,
    /// The array of these at the end, whose size depends on the version too.
    pub tail: Option<&'static Structure>,
    pub fields: &'static [Field],
}

impl Structure {
    /// Bytes of the fixed part in a version: that of the fields it knows.
    pub const fn fixed_size(&self, version: u32) -> usize {
        let mut at = 0;
        while at < self.fields.len() {
            if self.fields[at].since > version {
                return self.fields[at].offset;
            }
            at += 1;
        }
        match self.tail {
            Some(element) => self.size - element.size + element.fixed_size(version),
            None => self.size,
        }
    }
}

const V1_3: u32 = 0x0001_0003;
const V1_4: u32 = 0x0001_0004;
const V2_0: u32 = 0x0002_0000;
const V2_2: u32 = 0x0002_0002;
const V3_0: u32 = 0x0003_0000;
const V3_1: u32 = 0x0003_0001;

macro_rules! since {
    () => {
        V1_3
    };
    ($version:ident) => {
        $version
    };
}

macro_rules! tail {
    () => {
        None
    };
    ($element:ident) => {
        Some(&$element::LAYOUT)
    };
}

macro_rules! structures {
    (@define packed $text:literal $name:ident { $($field:ident: $ty:ty,)* }) => {
        #[doc = $text]
        #[repr(C, packed)]
        #[derive(Clone, Copy)]
        pub struct $name { $(pub $field: $ty),* }
    };
    (@define natural $text:literal $name:ident { $($field:ident: $ty:ty,)* }) => {
        #[doc = $text]
        #[repr(C)]
        #[derive(Clone, Copy)]
        pub struct $name { $(pub $field: $ty),* }
    };
    (@packed packed) => { true };
    (@packed natural) => { false };
    ($(#[doc = $text:literal] $packing:ident $name:ident $([$tail:ident])? { $($(@$since:ident)? $field:ident: $ty:ty,)* })*) => {
        $(
            structures!(@define $packing $text $name { $($field: $ty,)* });

            impl $name {
                /// Where everything is.
                pub const LAYOUT: Structure = Structure {
                    name: stringify!($name),
                    text: $text,
                    size: size_of::<Self>(),
                    packed: structures!(@packed $packing),
                    tail: tail!($($tail)?),
                    fields: &[$(Field {
                        name: stringify!($field),
                        ty: stringify!($ty),
                        offset: core::mem::offset_of!(Self, $field),
                        size: size_of::<$ty>(),
                        since: since!($($since)?),
                    }),*],
                };
            }
        )*

        /// Every structure.
        pub const STRUCTURES: &[Structure] = &[$($name::LAYOUT),*];
    };
}

structures! {
    /// What a line can do.
    packed LINEDEVCAPS {
        dwTotalSize: DWORD,
        dwNeededSize: DWORD,
        dwUsedSize: DWORD,
        dwProviderInfoSize: DWORD,
        dwProviderInfoOffset: DWORD,
        dwSwitchInfoSize: DWORD,
        dwSwitchInfoOffset: DWORD,
        dwPermanentLineID: DWORD,
        dwLineNameSize: DWORD,
        dwLineNameOffset: DWORD,
        dwStringFormat: DWORD,
        dwAddressModes: DWORD,
        dwNumAddresses: DWORD,
        dwBearerModes: DWORD,
        dwMaxRate: DWORD,
        dwMediaModes: DWORD,
        dwGenerateToneModes: DWORD,
        dwGenerateToneMaxNumFreq: DWORD,
        dwGenerateDigitModes: DWORD,
        dwMonitorToneMaxNumFreq: DWORD,
        dwMonitorToneMaxNumEntries: DWORD,
        dwMonitorDigitModes: DWORD,
        dwGatherDigitsMinTimeout: DWORD,
        dwGatherDigitsMaxTimeout: DWORD,
        dwMedCtlDigitMaxListSize: DWORD,
        dwMedCtlMediaMaxListSize: DWORD,
        dwMedCtlToneMaxListSize: DWORD,
        dwMedCtlCallStateMaxListSize: DWORD,
        dwDevCapFlags: DWORD,
        dwMaxNumActiveCalls: DWORD,
        dwAnswerMode: DWORD,
        dwRingModes: DWORD,
        dwLineStates: DWORD,
        dwUUIAcceptSize: DWORD,
        dwUUIAnswerSize: DWORD,
        dwUUIMakeCallSize: DWORD,
        dwUUIDropSize: DWORD,
        dwUUISendUserUserInfoSize: DWORD,
        dwUUICallInfoSize: DWORD,
        MinDialParams: LINEDIALPARAMS,
        MaxDialParams: LINEDIALPARAMS,
        DefaultDialParams: LINEDIALPARAMS,
        dwNumTerminals: DWORD,
        dwTerminalCapsSize: DWORD,
        dwTerminalCapsOffset: DWORD,
        dwTerminalTextEntrySize: DWORD,
        dwTerminalTextSize: DWORD,
        dwTerminalTextOffset: DWORD,
        dwDevSpecificSize: DWORD,
        dwDevSpecificOffset: DWORD,
        @V1_4 dwLineFeatures: DWORD,
        @V2_0 dwSettableDevStatus: DWORD,
        @V2_0 dwDeviceClassesSize: DWORD,
        @V2_0 dwDeviceClassesOffset: DWORD,
        @V2_2 PermanentLineGuid: GUID,
        @V3_0 dwAddressTypes: DWORD,
        @V3_0 ProtocolGuid: GUID,
        @V3_0 dwAvailableTracking: DWORD,
    }
    /// What an address can do.
    packed LINEADDRESSCAPS {
        dwTotalSize: DWORD,
        dwNeededSize: DWORD,
        dwUsedSize: DWORD,
        dwLineDeviceID: DWORD,
        dwAddressSize: DWORD,
        dwAddressOffset: DWORD,
        dwDevSpecificSize: DWORD,
        dwDevSpecificOffset: DWORD,
        dwAddressSharing: DWORD,
        dwAddressStates: DWORD,
        dwCallInfoStates: DWORD,
        dwCallerIDFlags: DWORD,
        dwCalledIDFlags: DWORD,
        dwConnectedIDFlags: DWORD,
        dwRedirectionIDFlags: DWORD,
        dwRedirectingIDFlags: DWORD,
        dwCallStates: DWORD,
        dwDialToneModes: DWORD,
        dwBusyModes: DWORD,
        dwSpecialInfo: DWORD,
        dwDisconnectModes: DWORD,
        dwMaxNumActiveCalls: DWORD,
        dwMaxNumOnHoldCalls: DWORD,
        dwMaxNumOnHoldPendingCalls: DWORD,
        dwMaxNumConference: DWORD,
        dwMaxNumTransConf: DWORD,
        dwAddrCapFlags: DWORD,
        dwCallFeatures: DWORD,
        dwRemoveFromConfCaps: DWORD,
        dwRemoveFromConfState: DWORD,
        dwTransferModes: DWORD,
        dwParkModes: DWORD,
        dwForwardModes: DWORD,
        dwMaxForwardEntries: DWORD,
        dwMaxSpecificEntries: DWORD,
        dwMinFwdNumRings: DWORD,
        dwMaxFwdNumRings: DWORD,
        dwMaxCallCompletions: DWORD,
        dwCallCompletionConds: DWORD,
        dwCallCompletionModes: DWORD,
        dwNumCompletionMessages: DWORD,
        dwCompletionMsgTextEntrySize: DWORD,
        dwCompletionMsgTextSize: DWORD,
        dwCompletionMsgTextOffset: DWORD,
        @V1_4 dwAddressFeatures: DWORD,
        @V2_0 dwPredictiveAutoTransferStates: DWORD,
        @V2_0 dwNumCallTreatments: DWORD,
        @V2_0 dwCallTreatmentListSize: DWORD,
        @V2_0 dwCallTreatmentListOffset: DWORD,
        @V2_0 dwDeviceClassesSize: DWORD,
        @V2_0 dwDeviceClassesOffset: DWORD,
        @V2_0 dwMaxCallDataSize: DWORD,
        @V2_0 dwCallFeatures2: DWORD,
        @V2_0 dwMaxNoAnswerTimeout: DWORD,
        @V2_0 dwConnectedModes: DWORD,
        @V2_0 dwOfferingModes: DWORD,
        @V2_0 dwAvailableMediaModes: DWORD,
    }
    /// Information about a call.
    packed LINECALLINFO {
        dwTotalSize: DWORD,
        dwNeededSize: DWORD,
        dwUsedSize: DWORD,
        hLine: HLINE,
        dwLineDeviceID: DWORD,
        dwAddressID: DWORD,
        dwBearerMode: DWORD,
        dwRate: DWORD,
        dwMediaMode: DWORD,
        dwAppSpecific: DWORD,
        dwCallID: DWORD,
        dwRelatedCallID: DWORD,
        dwCallParamFlags: DWORD,
        dwCallStates: DWORD,
        dwMonitorDigitModes: DWORD,
        dwMonitorMediaModes: DWORD,
        DialParams: LINEDIALPARAMS,
        dwOrigin: DWORD,
        dwReason: DWORD,
        dwCompletionID: DWORD,
        dwNumOwners: DWORD,
        dwNumMonitors: DWORD,
        dwCountryCode: DWORD,
        dwTrunk: DWORD,
        dwCallerIDFlags: DWORD,
        dwCallerIDSize: DWORD,
        dwCallerIDOffset: DWORD,
        dwCallerIDNameSize: DWORD,
        dwCallerIDNameOffset: DWORD,
        dwCalledIDFlags: DWORD,
        dwCalledIDSize: DWORD,
        dwCalledIDOffset: DWORD,
        dwCalledIDNameSize: DWORD,
        dwCalledIDNameOffset: DWORD,
        dwConnectedIDFlags: DWORD,
        dwConnectedIDSize: DWORD,
        dwConnectedIDOffset: DWORD,
        dwConnectedIDNameSize: DWORD,
        dwConnectedIDNameOffset: DWORD,
        dwRedirectionIDFlags: DWORD,
        dwRedirectionIDSize: DWORD,
        dwRedirectionIDOffset: DWORD,
        dwRedirectionIDNameSize: DWORD,
        dwRedirectionIDNameOffset: DWORD,
        dwRedirectingIDFlags: DWORD,
        dwRedirectingIDSize: DWORD,
        dwRedirectingIDOffset: DWORD,
        dwRedirectingIDNameSize: DWORD,
        dwRedirectingIDNameOffset: DWORD,
        dwAppNameSize: DWORD,
        dwAppNameOffset: DWORD,
        dwDisplayableAddressSize: DWORD,
        dwDisplayableAddressOffset: DWORD,
        dwCalledPartySize: DWORD,
        dwCalledPartyOffset: DWORD,
        dwCommentSize: DWORD,
        dwCommentOffset: DWORD,
        dwDisplaySize: DWORD,
        dwDisplayOffset: DWORD,
        dwUserUserInfoSize: DWORD,
        dwUserUserInfoOffset: DWORD,
        dwHighLevelCompSize: DWORD,
        dwHighLevelCompOffset: DWORD,
        dwLowLevelCompSize: DWORD,
        dwLowLevelCompOffset: DWORD,
        dwChargingInfoSize: DWORD,
        dwChargingInfoOffset: DWORD,
        dwTerminalModesSize: DWORD,
        dwTerminalModesOffset: DWORD,
        dwDevSpecificSize: DWORD,
        dwDevSpecificOffset: DWORD,
        @V2_0 dwCallTreatment: DWORD,
        @V2_0 dwCallDataSize: DWORD,
        @V2_0 dwCallDataOffset: DWORD,
        @V2_0 dwSendingFlowspecSize: DWORD,
        @V2_0 dwSendingFlowspecOffset: DWORD,
        @V2_0 dwReceivingFlowspecSize: DWORD,
        @V2_0 dwReceivingFlowspecOffset: DWORD,
        @V3_0 dwCallerIDAddressType: DWORD,
        @V3_0 dwCalledIDAddressType: DWORD,
        @V3_0 dwConnectedIDAddressType: DWORD,
        @V3_0 dwRedirectionIDAddressType: DWORD,
        @V3_0 dwRedirectingIDAddressType: DWORD,
    }
    /// State of a call.
    packed LINECALLSTATUS {
        dwTotalSize: DWORD,
        dwNeededSize: DWORD,
        dwUsedSize: DWORD,
        dwCallState: DWORD,
        dwCallStateMode: DWORD,
        dwCallPrivilege: DWORD,
        dwCallFeatures: DWORD,
        dwDevSpecificSize: DWORD,
        dwDevSpecificOffset: DWORD,
        @V2_0 dwCallFeatures2: DWORD,
        @V2_0 tStateEntryTime: SYSTEMTIME,
    }
    /// Parameters of a call to be made.
    packed LINECALLPARAMS {
        dwTotalSize: DWORD,
        dwBearerMode: DWORD,
        dwMinRate: DWORD,
        dwMaxRate: DWORD,
        dwMediaMode: DWORD,
        dwCallParamFlags: DWORD,
        dwAddressMode: DWORD,
        dwAddressID: DWORD,
        DialParams: LINEDIALPARAMS,
        dwOrigAddressSize: DWORD,
        dwOrigAddressOffset: DWORD,
        dwDisplayableAddressSize: DWORD,
        dwDisplayableAddressOffset: DWORD,
        dwCalledPartySize: DWORD,
        dwCalledPartyOffset: DWORD,
        dwCommentSize: DWORD,
        dwCommentOffset: DWORD,
        dwUserUserInfoSize: DWORD,
        dwUserUserInfoOffset: DWORD,
        dwHighLevelCompSize: DWORD,
        dwHighLevelCompOffset: DWORD,
        dwLowLevelCompSize: DWORD,
        dwLowLevelCompOffset: DWORD,
        dwDevSpecificSize: DWORD,
        dwDevSpecificOffset: DWORD,
        @V2_0 dwPredictiveAutoTransferStates: DWORD,
        @V2_0 dwTargetAddressSize: DWORD,
        @V2_0 dwTargetAddressOffset: DWORD,
        @V2_0 dwSendingFlowspecSize: DWORD,
        @V2_0 dwSendingFlowspecOffset: DWORD,
        @V2_0 dwReceivingFlowspecSize: DWORD,
        @V2_0 dwReceivingFlowspecOffset: DWORD,
        @V2_0 dwDeviceClassSize: DWORD,
        @V2_0 dwDeviceClassOffset: DWORD,
        @V2_0 dwDeviceConfigSize: DWORD,
        @V2_0 dwDeviceConfigOffset: DWORD,
        @V2_0 dwCallDataSize: DWORD,
        @V2_0 dwCallDataOffset: DWORD,
        @V2_0 dwNoAnswerTimeout: DWORD,
        @V2_0 dwCallingPartyIDSize: DWORD,
        @V2_0 dwCallingPartyIDOffset: DWORD,
        @V3_0 dwAddressType: DWORD,
    }
    /// State of a line.
    packed LINEDEVSTATUS {
        dwTotalSize: DWORD,
        dwNeededSize: DWORD,
        dwUsedSize: DWORD,
        dwNumOpens: DWORD,
        dwOpenMediaModes: DWORD,
        dwNumActiveCalls: DWORD,
        dwNumOnHoldCalls: DWORD,
        dwNumOnHoldPendCalls: DWORD,
        dwLineFeatures: DWORD,
        dwNumCallCompletions: DWORD,
        dwRingMode: DWORD,
        dwSignalLevel: DWORD,
        dwBatteryLevel: DWORD,
        dwRoamMode: DWORD,
        dwDevStatusFlags: DWORD,
        dwTerminalModesSize: DWORD,
        dwTerminalModesOffset: DWORD,
        dwDevSpecificSize: DWORD,
        dwDevSpecificOffset: DWORD,
        @V2_0 dwAvailableMediaModes: DWORD,
        @V2_0 dwAppInfoSize: DWORD,
        @V2_0 dwAppInfoOffset: DWORD,
    }
    /// State of an address.
    packed LINEADDRESSSTATUS {
        dwTotalSize: DWORD,
        dwNeededSize: DWORD,
        dwUsedSize: DWORD,
        dwNumInUse: DWORD,
        dwNumActiveCalls: DWORD,
        dwNumOnHoldCalls: DWORD,
        dwNumOnHoldPendCalls: DWORD,
        dwAddressFeatures: DWORD,
        dwNumRingsNoAnswer: DWORD,
        dwForwardNumEntries: DWORD,
        dwForwardSize: DWORD,
        dwForwardOffset: DWORD,
        dwTerminalModesSize: DWORD,
        dwTerminalModesOffset: DWORD,
        dwDevSpecificSize: DWORD,
        dwDevSpecificOffset: DWORD,
    }
    /// Dial parameters, in ms.
    packed LINEDIALPARAMS {
        dwDialPause: DWORD,
        dwDialSpeed: DWORD,
        dwDigitDuration: DWORD,
        dwWaitForDialtone: DWORD,
    }
    /// A component of a tone to send.
    packed LINEGENERATETONE {
        dwFrequency: DWORD,
        dwCadenceOn: DWORD,
        dwCadenceOff: DWORD,
        dwVolume: DWORD,
    }
    /// A tone to watch for.
    packed LINEMONITORTONE {
        dwAppSpecific: DWORD,
        dwDuration: DWORD,
        dwFrequency1: DWORD,
        dwFrequency2: DWORD,
        dwFrequency3: DWORD,
    }
    /// One forwarding instruction.
    packed LINEFORWARD {
        dwForwardMode: DWORD,
        dwCallerAddressSize: DWORD,
        dwCallerAddressOffset: DWORD,
        dwDestCountryCode: DWORD,
        dwDestAddressSize: DWORD,
        dwDestAddressOffset: DWORD,
        @V3_1 dwCallerAddressType: DWORD,
        @V3_1 dwDestAddressType: DWORD,
    }
    /// Forwarding instructions.
    packed LINEFORWARDLIST [LINEFORWARD] {
        dwTotalSize: DWORD,
        dwNumEntries: DWORD,
        ForwardList: [LINEFORWARD; 1],
    }
    /// Names a set of extensions.
    packed LINEEXTENSIONID {
        dwExtensionID0: DWORD,
        dwExtensionID1: DWORD,
        dwExtensionID2: DWORD,
        dwExtensionID3: DWORD,
    }
    /// A string, or bytes, of any length.
    packed VARSTRING {
        dwTotalSize: DWORD,
        dwNeededSize: DWORD,
        dwUsedSize: DWORD,
        dwStringFormat: DWORD,
        dwStringSize: DWORD,
        dwStringOffset: DWORD,
    }
    /// What a terminal is.
    packed LINETERMCAPS {
        dwTermDev: DWORD,
        dwTermModes: DWORD,
        dwTermSharing: DWORD,
    }
    /// A digit that triggers media control.
    packed LINEMEDIACONTROLDIGIT {
        dwDigit: DWORD,
        dwDigitModes: DWORD,
        dwMediaControl: DWORD,
    }
    /// A medium that triggers media control.
    packed LINEMEDIACONTROLMEDIA {
        dwMediaModes: DWORD,
        dwDuration: DWORD,
        dwMediaControl: DWORD,
    }
    /// A tone that triggers media control.
    packed LINEMEDIACONTROLTONE {
        dwAppSpecific: DWORD,
        dwDuration: DWORD,
        dwFrequency1: DWORD,
        dwFrequency2: DWORD,
        dwFrequency3: DWORD,
        dwMediaControl: DWORD,
    }
    /// A call state that triggers media control.
    packed LINEMEDIACONTROLCALLSTATE {
        dwCallStates: DWORD,
        dwMediaControl: DWORD,
    }
    /// A treatment of unanswered calls.
    packed LINECALLTREATMENTENTRY {
        dwCallTreatmentID: DWORD,
        dwCallTreatmentNameSize: DWORD,
        dwCallTreatmentNameOffset: DWORD,
    }
    /// A program that has the line open.
    packed LINEAPPINFO {
        dwMachineNameSize: DWORD,
        dwMachineNameOffset: DWORD,
        dwUserNameSize: DWORD,
        dwUserNameOffset: DWORD,
        dwModuleFilenameSize: DWORD,
        dwModuleFilenameOffset: DWORD,
        dwFriendlyNameSize: DWORD,
        dwFriendlyNameOffset: DWORD,
        dwMediaModes: DWORD,
        dwAddressID: DWORD,
    }
    /// Tracking of call hubs (3.0).
    packed LINECALLHUBTRACKINGINFO {
        dwTotalSize: DWORD,
        dwNeededSize: DWORD,
        dwUsedSize: DWORD,
        dwAvailableTracking: DWORD,
        dwCurrentTracking: DWORD,
    }
    /// A message as programs get it.
    packed LINEMESSAGE {
        hDevice: DWORD,
        dwMessageID: DWORD,
        dwCallbackInstance: DWORD_PTR,
        dwParam1: DWORD_PTR,
        dwParam2: DWORD_PTR,
        dwParam3: DWORD_PTR,
    }
    /// A dialog to be made.
    natural TUISPICREATEDIALOGINSTANCEPARAMS {
        dwRequestID: DRV_REQUESTID,
        hdDlgInst: HDRVDIALOGINSTANCE,
        htDlgInst: HTAPIDIALOGINSTANCE,
        lpszUIDLLName: LPCWSTR,
        lpParams: LPVOID,
        dwSize: DWORD,
    }
}

/// Pointers to structures.
macro_rules! pointers {
    ($($name:ident = $to:ty;)*) => {
        $(pub type $name = *mut $to;)*
    };
}

pointers! {
    LPLINEDEVCAPS = LINEDEVCAPS;
    LPLINEADDRESSCAPS = LINEADDRESSCAPS;
    LPLINECALLINFO = LINECALLINFO;
    LPLINECALLSTATUS = LINECALLSTATUS;
    LPLINECALLPARAMS = LINECALLPARAMS;
    LPLINEDEVSTATUS = LINEDEVSTATUS;
    LPLINEADDRESSSTATUS = LINEADDRESSSTATUS;
    LPLINEDIALPARAMS = LINEDIALPARAMS;
    LPLINEGENERATETONE = LINEGENERATETONE;
    LPLINEMONITORTONE = LINEMONITORTONE;
    LPLINEFORWARDLIST = LINEFORWARDLIST;
    LPLINEEXTENSIONID = LINEEXTENSIONID;
    LPVARSTRING = VARSTRING;
    LPLINEMEDIACONTROLDIGIT = LINEMEDIACONTROLDIGIT;
    LPLINEMEDIACONTROLMEDIA = LINEMEDIACONTROLMEDIA;
    LPLINEMEDIACONTROLTONE = LINEMEDIACONTROLTONE;
    LPLINEMEDIACONTROLCALLSTATE = LINEMEDIACONTROLCALLSTATE;
    LPLINECALLHUBTRACKINGINFO = LINECALLHUBTRACKINGINFO;
    // Of the phone class, which is refused without looking at them.
    LPPHONEBUTTONINFO = c_void;
    LPPHONECAPS = c_void;
    LPPHONEEXTENSIONID = c_void;
    LPPHONESTATUS = c_void;
}
