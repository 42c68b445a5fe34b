//! The table of every operation of the interface: name, parameters, kind, and what carries it out or why it is refused.
//!
//! Each row becomes an exported function and a line of the C header. Argument conversion, the request's number, errors
//! and panics are handled here once.
#![allow(unsafe_code)] // The wall is here; see each block.
#![allow(non_snake_case)] // The published interface names everything here.

use super::types::*;
use super::{call, caps, guard, hold, ids, info, line, media, raw::Argument, services, session, settings, specific};
use loopstart_provider::LineErr;
use loopstart_signal::plan::Service;

/// A parameter: its name and its type.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// The published name.
    pub name: &'static str,
    /// The published type.
    pub ty: &'static str,
    /// Whether the parameter itself is published as `const`.
    pub is_const: bool,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// The exported name.
    pub name: &'static str,
    /// The parameters.
    pub parameters: &'static [Parameter],
    /// Takes a request's number and completes later.
    pub asynchronous: bool,
    /// What carries it out, for people.
    pub by: Option<&'static str>,
    /// The services of a switch plan that it needs one of; none: it needs no plan.
    pub services: &'static [Service],
    /// The error that is always answered, and why.
    pub refused: Option<(LONG, &'static str)>,
}

impl Operation {
    /// The published C signature.
    pub fn signature(&self) -> String {
        let parameters: Vec<String> = self
            .parameters
            .iter()
            .map(|p| format!("{}{} {}", p.ty, if p.is_const { " const" } else { "" }, p.name))
            .collect();
        format!("LONG {}({});", self.name, parameters.join(", "))
    }
}

const UNAVAIL: LONG = LineErr::OPERATIONUNAVAIL.code();
const PHONE: LONG = super::consts::PHONEERR_OPERATIONUNAVAIL as LONG;

macro_rules! operations {
    ($($kind:ident $name:ident($($parameter:ident: $ty:ident $($const:ident)?),*)
        $(=> $module:ident::$work:ident by $by:literal $(plan [$($service:ident),*])?)?
        $(refused $error:ident $why:literal)?;)*) => {
        $(operations!(@export $kind $name($($parameter: $ty),*) $(=> $module::$work)? $(refused $error)?);)*

        /// Every operation.
        pub const OPERATIONS: &[Operation] = &[$(Operation {
            name: stringify!($name),
            parameters: &[$(Parameter {
                name: stringify!($parameter),
                ty: stringify!($ty),
                is_const: operations!(@const $($const)?),
            }),*],
            asynchronous: operations!(@asynchronous $kind),
            by: operations!(@by $($by)?),
            services: &[$($($(Service::$service),*)?)?],
            refused: operations!(@refused $($error $why)?),
        }),*];
    };

    (@export synchronous $name:ident($($parameter:ident: $ty:ident),*) => $module:ident::$work:ident) => {
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name($($parameter: $ty),*) -> LONG {
            // SAFETY: the host calls this with pointers that are null or good for the published use.
            $(let $parameter = unsafe { $parameter.receive() };)*
            guard::synchronous(stringify!($name), || $module::$work($($parameter),*))
        }
    };
    (@export asynchronous $name:ident($id:ident: $id_ty:ident, $($parameter:ident: $ty:ident),*) => $module:ident::$work:ident) => {
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name($id: $id_ty, $($parameter: $ty),*) -> LONG {
            // SAFETY: the host calls this with pointers that are null or good for the published use.
            $(let $parameter = unsafe { $parameter.receive() };)*
            guard::asynchronous(stringify!($name), $id, |request| $module::$work(request, $($parameter),*))
        }
    };
    (@export $kind:ident $name:ident($($parameter:ident: $ty:ident),*) refused $error:ident) => {
        #[unsafe(no_mangle)]
        extern "C" fn $name($($parameter: $ty),*) -> LONG {
            let _ = ($($parameter,)*);
            $error
        }
    };

    (@const) => { false };
    (@const const) => { true };
    (@asynchronous synchronous) => { false };
    (@asynchronous asynchronous) => { true };
    (@by) => { None };
    (@by $by:literal) => { Some($by) };
    (@refused) => { None };
    (@refused $error:ident $why:literal) => { Some(($error, $why)) };
}

operations! {
    // The life of the provider.
    synchronous TSPI_providerConfig(hwndOwner: HWND, dwPermanentProviderID: DWORD)
        => session::configure by "looks at the configuration file, which has the settings; there is no dialog";
    synchronous TSPI_providerCreateLineDevice(dwTempID: DWORD_PTR, dwDeviceID: DWORD)
        => session::create_line_device by "the line that LINE_CREATE announced gets its number";
    synchronous TSPI_providerCreatePhoneDevice(dwTempID: DWORD_PTR, dwDeviceID: DWORD)
        refused PHONE "there are no phone devices";
    synchronous TSPI_providerEnumDevices(
        dwPermanentProviderID: DWORD, lpdwNumLines: LPDWORD, lpdwNumPhones: LPDWORD, hProvider: HPROVIDER,
        lpfnLineCreateProc: LINEEVENT, lpfnPhoneCreateProc: PHONEEVENT
    )
        => session::enum_devices by "counts the configured or attached devices";
    synchronous TSPI_providerFreeDialogInstance(hdDlgInst: HDRVDIALOGINSTANCE)
        refused UNAVAIL "there is no dialog library";
    synchronous TSPI_providerGenericDialogData(
        dwObjectID: DWORD_PTR, dwObjectType: DWORD, lpParams: LPVOID, dwSize: DWORD
    )
        refused UNAVAIL "there is no dialog library";
    synchronous TSPI_providerInit(
        dwTSPIVersion: DWORD, dwPermanentProviderID: DWORD, dwLineDeviceIDBase: DWORD, dwPhoneDeviceIDBase: DWORD,
        dwNumLines: DWORD_PTR, dwNumPhones: DWORD_PTR, lpfnCompletionProc: ASYNC_COMPLETION, lpdwTSPIOptions: LPDWORD
    )
        => session::init by "opens the devices and starts the threads";
    synchronous TSPI_providerInstall(hwndOwner: HWND, dwPermanentProviderID: DWORD)
        => session::install by "nothing to be installed: looks whether the configuration file can be read";
    synchronous TSPI_providerRemove(hwndOwner: HWND, dwPermanentProviderID: DWORD)
        => session::remove by "nothing was installed, so nothing is removed: the configuration file is the user's";
    synchronous TSPI_providerShutdown(dwTSPIVersion: DWORD, dwPermanentProviderID: DWORD)
        => session::shutdown by "ends the threads and closes the devices";
    synchronous TSPI_providerUIIdentify(lpszUIDLLName: LPWSTR) refused UNAVAIL "there is no dialog library";
    // Lines.
    synchronous TSPI_lineNegotiateTSPIVersion(
        dwDeviceID: DWORD, dwLowVersion: DWORD, dwHighVersion: DWORD, lpdwTSPIVersion: LPDWORD
    )
        => line::negotiate_version by "2.0 to 2.2";
    synchronous TSPI_lineNegotiateExtVersion(
        dwDeviceID: DWORD, dwTSPIVersion: DWORD, dwLowVersion: DWORD, dwHighVersion: DWORD, lpdwExtVersion: LPDWORD
    )
        => specific::negotiate_ext_version by "1.0 of the extension of devspecific.md";
    synchronous TSPI_lineGetExtensionID(dwDeviceID: DWORD, dwTSPIVersion: DWORD, lpExtensionID: LPLINEEXTENSIONID)
        => specific::extension_id by "the extension of devspecific.md";
    synchronous TSPI_lineSelectExtVersion(hdLine: HDRVLINE, dwExtVersion: DWORD)
        => specific::select_ext_version by "kept until the line is closed";
    synchronous TSPI_lineGetDevCaps(
        dwDeviceID: DWORD, dwTSPIVersion: DWORD, dwExtVersion: DWORD, lpLineDevCaps: LPLINEDEVCAPS
    )
        => caps::dev_caps by "from what the device can do and see, and the switch plan";
    synchronous TSPI_lineOpen(
        dwDeviceID: DWORD, htLine: HTAPILINE, lphdLine: LPHDRVLINE, dwTSPIVersion: DWORD, lpfnEventProc: LINEEVENT
    )
        => line::open by "once at a time";
    synchronous TSPI_lineClose(hdLine: HDRVLINE)
        => line::close by "completes what is open, ends what is up";
    synchronous TSPI_lineGetLineDevStatus(hdLine: HDRVLINE, lpLineDevStatus: LPLINEDEVSTATUS)
        => line::dev_status by "from what was seen";
    asynchronous TSPI_lineSetLineDevStatus(
        dwRequestID: DRV_REQUESTID, hdLine: HDRVLINE, dwStatusToChange: DWORD, fStatus: DWORD
    )
        => line::set_dev_status by "always refused for published bits: a line's status follows from the wire and the exchange";
    synchronous TSPI_lineSetStatusMessages(hdLine: HDRVLINE, dwLineStates: DWORD, dwAddressStates: DWORD)
        => line::set_status_messages by "kept with the line";
    synchronous TSPI_lineSetDefaultMediaDetection(hdLine: HDRVLINE, dwMediaModes: DWORD)
        => line::set_default_media_detection by "calls of these media are announced";
    synchronous TSPI_lineConditionalMediaDetection(
        hdLine: HDRVLINE, dwMediaModes: DWORD, lpCallParams: LPLINECALLPARAMS const
    )
        => call::conditional_media_detection by "the checks of a call to be made, without one";
    // Addresses.
    synchronous TSPI_lineGetNumAddressIDs(hdLine: HDRVLINE, lpdwNumAddressIDs: LPDWORD)
        => line::num_address_ids by "one address a line";
    synchronous TSPI_lineGetAddressID(
        hdLine: HDRVLINE, lpdwAddressID: LPDWORD, dwAddressMode: DWORD, lpsAddress: LPCWSTR, dwSize: DWORD
    )
        => line::address_id by "by the line's own number";
    synchronous TSPI_lineGetAddressCaps(
        dwDeviceID: DWORD, dwAddressID: DWORD, dwTSPIVersion: DWORD, dwExtVersion: DWORD,
        lpAddressCaps: LPLINEADDRESSCAPS
    )
        => caps::address_caps by "from what the device can do and see, and the switch plan";
    synchronous TSPI_lineGetAddressStatus(hdLine: HDRVLINE, dwAddressID: DWORD, lpAddressStatus: LPLINEADDRESSSTATUS)
        => line::address_status by "from what was seen and done";
    // Calls.
    asynchronous TSPI_lineMakeCall(
        dwRequestID: DRV_REQUESTID, hdLine: HDRVLINE, htCall: HTAPICALL, lphdCall: LPHDRVCALL,
        lpszDestAddress: LPCWSTR, dwCountryCode: DWORD, lpCallParams: LPLINECALLPARAMS const
    )
        => call::make_call by "off hook, dial tone, digits; what the address says to wait for";
    asynchronous TSPI_lineDial(
        dwRequestID: DRV_REQUESTID, hdCall: HDRVCALL, lpszDestAddress: LPCWSTR, dwCountryCode: DWORD
    )
        => call::dial by "digits on the seized line";
    asynchronous TSPI_lineAccept(dwRequestID: DRV_REQUESTID, hdCall: HDRVCALL, lpsUserUserInfo: LPCSTR, dwSize: DWORD)
        => call::accept by "kept with the call: ringing goes on";
    asynchronous TSPI_lineAnswer(dwRequestID: DRV_REQUESTID, hdCall: HDRVCALL, lpsUserUserInfo: LPCSTR, dwSize: DWORD)
        => call::answer by "off hook; a waiting call by the switch plan";
    asynchronous TSPI_lineRedirect(
        dwRequestID: DRV_REQUESTID, hdCall: HDRVCALL, lpszDestAddress: LPCWSTR, dwCountryCode: DWORD
    )
        => services::redirect by "code and number while it rings" plan [Redirect];
    asynchronous TSPI_lineDrop(dwRequestID: DRV_REQUESTID, hdCall: HDRVCALL, lpsUserUserInfo: LPCSTR, dwSize: DWORD)
        => call::drop by "on hook; with several calls what the switch plan says about that";
    synchronous TSPI_lineCloseCall(hdCall: HDRVCALL)
        => call::close_call by "completes what is open, ends the call";
    asynchronous TSPI_lineSecureCall(dwRequestID: DRV_REQUESTID, hdCall: HDRVCALL)
        => services::secure_call by "code that switches call waiting off during the call" plan [SecureDuring];
    asynchronous TSPI_lineSetCallParams(
        dwRequestID: DRV_REQUESTID, hdCall: HDRVCALL, dwBearerMode: DWORD, dwMinRate: DWORD, dwMaxRate: DWORD,
        lpDialParams: LPLINEDIALPARAMS const
    )
        => call::set_call_params by "dial parameters; pass-through to the modem where the line has one for data";
    asynchronous TSPI_lineSendUserUserInfo(
        dwRequestID: DRV_REQUESTID, hdCall: HDRVCALL, lpsUserUserInfo: LPCSTR, dwSize: DWORD
    )
        refused UNAVAIL "analog lines carry no user-user information";
    asynchronous TSPI_lineReleaseUserUserInfo(dwRequestID: DRV_REQUESTID, hdCall: HDRVCALL)
        => call::release_user_user_info by "succeeds: there is never any user-user information to be released";
    synchronous TSPI_lineDropOnClose(hdCall: HDRVCALL) refused UNAVAIL "obsolete since 2.1";
    synchronous TSPI_lineDropNoOwner(hdCall: HDRVCALL) refused UNAVAIL "obsolete since 2.1";
    // Hold, transfer, conference.
    asynchronous TSPI_lineHold(dwRequestID: DRV_REQUESTID, hdCall: HDRVCALL)
        => hold::hold by "hook flash" plan [Hold];
    asynchronous TSPI_lineUnhold(dwRequestID: DRV_REQUESTID, hdCall: HDRVCALL)
        => hold::unhold by "hook flash, code" plan [Retrieve, WaitingAnswer];
    asynchronous TSPI_lineSwapHold(dwRequestID: DRV_REQUESTID, hdActiveCall: HDRVCALL, hdHeldCall: HDRVCALL)
        => hold::swap_hold by "hook flash, code" plan [Swap];
    asynchronous TSPI_lineBlindTransfer(
        dwRequestID: DRV_REQUESTID, hdCall: HDRVCALL, lpszDestAddress: LPCWSTR, dwCountryCode: DWORD
    )
        => hold::blind_transfer by "hook flash, number, on hook" plan [BlindTransfer];
    asynchronous TSPI_lineSetupTransfer(
        dwRequestID: DRV_REQUESTID, hdCall: HDRVCALL, htConsultCall: HTAPICALL, lphdConsultCall: LPHDRVCALL,
        lpCallParams: LPLINECALLPARAMS const
    )
        => hold::setup_transfer by "hook flash, recall dial tone" plan [Transfer, Join];
    asynchronous TSPI_lineCompleteTransfer(
        dwRequestID: DRV_REQUESTID, hdCall: HDRVCALL, hdConsultCall: HDRVCALL, htConfCall: HTAPICALL,
        lphdConfCall: LPHDRVCALL, dwTransferMode: DWORD
    )
        => hold::complete_transfer by "on hook, hook flash or code" plan [Transfer, Join];
    asynchronous TSPI_lineSetupConference(
        dwRequestID: DRV_REQUESTID, hdCall: HDRVCALL, hdLine: HDRVLINE, htConfCall: HTAPICALL,
        lphdConfCall: LPHDRVCALL, htConsultCall: HTAPICALL, lphdConsultCall: LPHDRVCALL, dwNumParties: DWORD,
        lpCallParams: LPLINECALLPARAMS const
    )
        => hold::setup_conference by "hook flash, recall dial tone; on an idle line a first call" plan [Join];
    asynchronous TSPI_linePrepareAddToConference(
        dwRequestID: DRV_REQUESTID, hdConfCall: HDRVCALL, htConsultCall: HTAPICALL, lphdConsultCall: LPHDRVCALL,
        lpCallParams: LPLINECALLPARAMS const
    )
        => hold::prepare_add_to_conference by "hook flash, recall dial tone" plan [Join];
    asynchronous TSPI_lineAddToConference(dwRequestID: DRV_REQUESTID, hdConfCall: HDRVCALL, hdConsultCall: HDRVCALL)
        => hold::add_to_conference by "hook flash, code" plan [Join];
    asynchronous TSPI_lineRemoveFromConference(dwRequestID: DRV_REQUESTID, hdCall: HDRVCALL)
        => hold::remove_from_conference by "hook flash, code" plan [DropLast, DropFirst, Split];
    // Services of the exchange.
    asynchronous TSPI_lineForward(
        dwRequestID: DRV_REQUESTID, hdLine: HDRVLINE, bAllAddresses: DWORD, dwAddressID: DWORD,
        lpForwardList: LPLINEFORWARDLIST const, dwNumRingsNoAnswer: DWORD, htConsultCall: HTAPICALL,
        lphdConsultCall: LPHDRVCALL, lpCallParams: LPLINECALLPARAMS const
    )
        => services::forward by "code and number on a line of its own call" plan [ForwardAll, ForwardBusy, ForwardNoAnswer, ForwardNoAnswerAfter, ForwardBusyNoAnswer, DoNotDisturb];
    asynchronous TSPI_linePickup(
        dwRequestID: DRV_REQUESTID, hdLine: HDRVLINE, dwAddressID: DWORD, htCall: HTAPICALL, lphdCall: LPHDRVCALL,
        lpszDestAddress: LPCWSTR, lpszGroupID: LPCWSTR
    )
        => services::pickup by "code and number; the waiting call by hook flash" plan [PickupGroup, PickupDirected, WaitingAnswer];
    asynchronous TSPI_linePark(
        dwRequestID: DRV_REQUESTID, hdCall: HDRVCALL, dwParkMode: DWORD, lpszDirAddress: LPCWSTR,
        lpNonDirAddress: LPVARSTRING
    )
        => services::park by "hook flash, code" plan [ParkDirected, Park];
    asynchronous TSPI_lineUnpark(
        dwRequestID: DRV_REQUESTID, hdLine: HDRVLINE, dwAddressID: DWORD, htCall: HTAPICALL, lphdCall: LPHDRVCALL,
        lpszDestAddress: LPCWSTR
    )
        => services::unpark by "code and park slot" plan [Unpark];
    asynchronous TSPI_lineCompleteCall(
        dwRequestID: DRV_REQUESTID, hdCall: HDRVCALL, lpdwCompletionID: LPDWORD, dwCompletionMode: DWORD,
        dwMessageID: DWORD
    )
        => services::complete_call by "code or digit while the far end is busy or rings" plan [CompleteBusy, CompleteNoAnswer];
    asynchronous TSPI_lineUncompleteCall(dwRequestID: DRV_REQUESTID, hdLine: HDRVLINE, dwCompletionID: DWORD)
        => services::uncomplete_call by "code" plan [CompleteBusyOff];
    // Digits, tones, media.
    synchronous TSPI_lineMonitorDigits(hdCall: HDRVCALL, dwDigitModes: DWORD)
        => media::monitor_digits by "the receivers of the device";
    synchronous TSPI_lineGatherDigits(
        hdCall: HDRVCALL, dwEndToEndID: DWORD, dwDigitModes: DWORD, lpsDigits: LPWSTR, dwNumDigits: DWORD,
        lpszTerminationDigits: LPCWSTR, dwFirstDigitTimeout: DWORD, dwInterDigitTimeout: DWORD
    )
        => media::gather_digits by "the receivers of the device";
    synchronous TSPI_lineGenerateDigits(
        hdCall: HDRVCALL, dwEndToEndID: DWORD, dwDigitMode: DWORD, lpszDigits: LPCWSTR, dwDuration: DWORD
    )
        => media::generate_digits by "the device sends them";
    synchronous TSPI_lineGenerateTone(
        hdCall: HDRVCALL, dwEndToEndID: DWORD, dwToneMode: DWORD, dwDuration: DWORD, dwNumTones: DWORD,
        lpTones: LPLINEGENERATETONE const
    )
        => media::generate_tone by "the device sends it";
    synchronous TSPI_lineMonitorTones(
        hdCall: HDRVCALL, dwToneListID: DWORD, lpToneList: LPLINEMONITORTONE const, dwNumEntries: DWORD
    )
        => media::monitor_tones by "the receivers of the device";
    synchronous TSPI_lineMonitorMedia(hdCall: HDRVCALL, dwMediaModes: DWORD)
        => media::monitor_media by "the receivers of the device";
    synchronous TSPI_lineSetMediaControl(
        hdLine: HDRVLINE, dwAddressID: DWORD, hdCall: HDRVCALL, dwSelect: DWORD,
        lpDigitList: LPLINEMEDIACONTROLDIGIT const, dwDigitNumEntries: DWORD,
        lpMediaList: LPLINEMEDIACONTROLMEDIA const, dwMediaNumEntries: DWORD,
        lpToneList: LPLINEMEDIACONTROLTONE const, dwToneNumEntries: DWORD,
        lpCallStateList: LPLINEMEDIACONTROLCALLSTATE const, dwCallStateNumEntries: DWORD
    )
        => media::set_media_control by "acts on what the receivers and the call tell";
    synchronous TSPI_lineSetMediaMode(hdCall: HDRVCALL, dwMediaMode: DWORD)
        => media::set_media_mode by "kept with the call";
    asynchronous TSPI_lineSetTerminal(
        dwRequestID: DRV_REQUESTID, hdLine: HDRVLINE, dwAddressID: DWORD, hdCall: HDRVCALL, dwSelect: DWORD,
        dwTerminalModes: DWORD, dwTerminalID: DWORD, bEnable: DWORD
    )
        => media::set_terminal by "the loudspeaker of a modem";
    // Information about calls.
    synchronous TSPI_lineGetCallInfo(hdCall: HDRVCALL, lpCallInfo: LPLINECALLINFO)
        => info::call_info by "from what was seen and done";
    synchronous TSPI_lineGetCallStatus(hdCall: HDRVCALL, lpCallStatus: LPLINECALLSTATUS)
        => info::call_status by "the state last told, and what can be done now";
    synchronous TSPI_lineGetCallAddressID(hdCall: HDRVCALL, lpdwAddressID: LPDWORD)
        => info::call_address_id by "one address a line";
    synchronous TSPI_lineSetAppSpecific(hdCall: HDRVCALL, dwAppSpecific: DWORD)
        => call::set_app_specific by "kept with the call";
    asynchronous TSPI_lineSetCallData(dwRequestID: DRV_REQUESTID, hdCall: HDRVCALL, lpCallData: LPVOID, dwSize: DWORD)
        => call::set_call_data by "kept with the call";
    asynchronous TSPI_lineSetCallTreatment(dwRequestID: DRV_REQUESTID, hdCall: HDRVCALL, dwTreatment: DWORD)
        => call::set_call_treatment by "of the treatments that the line lists; a loop has none: what a waiting party hears is the exchange's affair";
    asynchronous TSPI_lineSetCallQualityOfService(
        dwRequestID: DRV_REQUESTID, hdCall: HDRVCALL, lpSendingFlowspec: LPVOID, dwSendingFlowspecSize: DWORD,
        lpReceivingFlowspec: LPVOID, dwReceivingFlowspecSize: DWORD
    )
        refused UNAVAIL "an analog call has no quality of service to set";
    synchronous TSPI_lineGetCallIDs(
        hdCall: HDRVCALL, lpdwAddressID: LPDWORD, lpdwCallID: LPDWORD, lpdwRelatedCallID: LPDWORD
    )
        refused UNAVAIL "of version 3.0";
    synchronous TSPI_lineGetCallHubTracking(hdLine: HDRVLINE, lpTrackingInfo: LPLINECALLHUBTRACKINGINFO)
        refused UNAVAIL "of version 3.0";
    synchronous TSPI_lineSetCallHubTracking(hdLine: HDRVLINE, lpTrackingInfo: LPLINECALLHUBTRACKINGINFO)
        refused UNAVAIL "of version 3.0";
    // Configuration, ids, extensions.
    synchronous TSPI_lineGetID(
        hdLine: HDRVLINE, dwAddressID: DWORD, hdCall: HDRVCALL, dwSelect: DWORD, lpDeviceID: LPVARSTRING,
        lpszDeviceClass: LPCWSTR, hTargetProcess: HANDLE
    )
        => ids::id by "the line, the modem's terminal, the call's audio as sockets";
    synchronous TSPI_lineGetDevConfig(dwDeviceID: DWORD, lpDeviceConfig: LPVARSTRING, lpszDeviceClass: LPCWSTR)
        => settings::dev_config by "default dial parameters";
    synchronous TSPI_lineSetDevConfig(
        dwDeviceID: DWORD, lpDeviceConfig: LPVOID const, dwSize: DWORD, lpszDeviceClass: LPCWSTR
    )
        => settings::set_dev_config by "default dial parameters, checked";
    synchronous TSPI_lineGetIcon(dwDeviceID: DWORD, lpszDeviceClass: LPCWSTR, lphIcon: LPHICON)
        => ids::icon by "none: the host takes its own";
    asynchronous TSPI_lineDevSpecific(
        dwRequestID: DRV_REQUESTID, hdLine: HDRVLINE, dwAddressID: DWORD, hdCall: HDRVCALL, lpParams: LPVOID,
        dwSize: DWORD
    )
        => specific::dev_specific by "the questions of devspecific.md";
    asynchronous TSPI_lineDevSpecificFeature(
        dwRequestID: DRV_REQUESTID, hdLine: HDRVLINE, dwFeature: DWORD, lpParams: LPVOID, dwSize: DWORD
    )
        => specific::dev_specific_feature by "the key FLASH: a hook flash";
    synchronous TSPI_lineMSPIdentify(dwDeviceID: DWORD, pCLSID: LPGUID)
        refused UNAVAIL "there is no media stream provider before version 3.0";
    synchronous TSPI_lineCreateMSPInstance(
        hdLine: HDRVLINE, dwAddressID: DWORD, htMSPLine: HTAPIMSPLINE, lphdMSPLine: LPHDRVMSPLINE
    )
        refused UNAVAIL "there is no media stream provider before version 3.0";
    synchronous TSPI_lineCloseMSPInstance(hdMSPLine: HDRVMSPLINE)
        refused UNAVAIL "there is no media stream provider before version 3.0";
    synchronous TSPI_lineReceiveMSPData(
        hdLine: HDRVLINE, hdCall: HDRVCALL, hdMSPLine: HDRVMSPLINE, pBuffer: LPVOID, dwSize: DWORD
    )
        refused UNAVAIL "there is no media stream provider before version 3.0";
    synchronous TSPI_lineSetCurrentLocation(dwLocation: DWORD) refused UNAVAIL "obsolete; locations are the host's";
    // The phone class: there are no phone devices.
    synchronous TSPI_phoneClose(hdPhone: HDRVPHONE) refused PHONE "there are no phone devices";
    asynchronous TSPI_phoneDevSpecific(
        dwRequestID: DRV_REQUESTID, hdPhone: HDRVPHONE, lpParams: LPVOID, dwSize: DWORD
    )
        refused PHONE "there are no phone devices";
    synchronous TSPI_phoneGetButtonInfo(hdPhone: HDRVPHONE, dwButtonLampID: DWORD, lpButtonInfo: LPPHONEBUTTONINFO)
        refused PHONE "there are no phone devices";
    synchronous TSPI_phoneGetData(hdPhone: HDRVPHONE, dwDataID: DWORD, lpData: LPVOID, dwSize: DWORD)
        refused PHONE "there are no phone devices";
    synchronous TSPI_phoneGetDevCaps(
        dwDeviceID: DWORD, dwTSPIVersion: DWORD, dwExtVersion: DWORD, lpPhoneCaps: LPPHONECAPS
    )
        refused PHONE "there are no phone devices";
    synchronous TSPI_phoneGetDisplay(hdPhone: HDRVPHONE, lpDisplay: LPVARSTRING)
        refused PHONE "there are no phone devices";
    synchronous TSPI_phoneGetExtensionID(dwDeviceID: DWORD, dwTSPIVersion: DWORD, lpExtensionID: LPPHONEEXTENSIONID)
        refused PHONE "there are no phone devices";
    synchronous TSPI_phoneGetGain(hdPhone: HDRVPHONE, dwHookSwitchDev: DWORD, lpdwGain: LPDWORD)
        refused PHONE "there are no phone devices";
    synchronous TSPI_phoneGetHookSwitch(hdPhone: HDRVPHONE, lpdwHookSwitchDevs: LPDWORD)
        refused PHONE "there are no phone devices";
    synchronous TSPI_phoneGetIcon(dwDeviceID: DWORD, lpszDeviceClass: LPCWSTR, lphIcon: LPHICON)
        refused PHONE "there are no phone devices";
    synchronous TSPI_phoneGetID(
        hdPhone: HDRVPHONE, lpDeviceID: LPVARSTRING, lpszDeviceClass: LPCWSTR, hTargetProcess: HANDLE
    )
        refused PHONE "there are no phone devices";
    synchronous TSPI_phoneGetLamp(hdPhone: HDRVPHONE, dwButtonLampID: DWORD, lpdwLampMode: LPDWORD)
        refused PHONE "there are no phone devices";
    synchronous TSPI_phoneGetRing(hdPhone: HDRVPHONE, lpdwRingMode: LPDWORD, lpdwVolume: LPDWORD)
        refused PHONE "there are no phone devices";
    synchronous TSPI_phoneGetStatus(hdPhone: HDRVPHONE, lpPhoneStatus: LPPHONESTATUS)
        refused PHONE "there are no phone devices";
    synchronous TSPI_phoneGetVolume(hdPhone: HDRVPHONE, dwHookSwitchDev: DWORD, lpdwVolume: LPDWORD)
        refused PHONE "there are no phone devices";
    synchronous TSPI_phoneNegotiateExtVersion(
        dwDeviceID: DWORD, dwTSPIVersion: DWORD, dwLowVersion: DWORD, dwHighVersion: DWORD, lpdwExtVersion: LPDWORD
    )
        refused PHONE "there are no phone devices";
    synchronous TSPI_phoneNegotiateTSPIVersion(
        dwDeviceID: DWORD, dwLowVersion: DWORD, dwHighVersion: DWORD, lpdwTSPIVersion: LPDWORD
    )
        refused PHONE "there are no phone devices";
    synchronous TSPI_phoneOpen(
        dwDeviceID: DWORD, htPhone: HTAPIPHONE, lphdPhone: LPHDRVPHONE, dwTSPIVersion: DWORD,
        lpfnEventProc: PHONEEVENT
    )
        refused PHONE "there are no phone devices";
    synchronous TSPI_phoneSelectExtVersion(hdPhone: HDRVPHONE, dwExtVersion: DWORD)
        refused PHONE "there are no phone devices";
    asynchronous TSPI_phoneSetButtonInfo(
        dwRequestID: DRV_REQUESTID, hdPhone: HDRVPHONE, dwButtonLampID: DWORD, lpButtonInfo: LPPHONEBUTTONINFO const
    )
        refused PHONE "there are no phone devices";
    asynchronous TSPI_phoneSetData(
        dwRequestID: DRV_REQUESTID, hdPhone: HDRVPHONE, dwDataID: DWORD, lpData: LPVOID const, dwSize: DWORD
    )
        refused PHONE "there are no phone devices";
    asynchronous TSPI_phoneSetDisplay(
        dwRequestID: DRV_REQUESTID, hdPhone: HDRVPHONE, dwRow: DWORD, dwColumn: DWORD, lpsDisplay: LPCWSTR,
        dwSize: DWORD
    )
        refused PHONE "there are no phone devices";
    asynchronous TSPI_phoneSetGain(
        dwRequestID: DRV_REQUESTID, hdPhone: HDRVPHONE, dwHookSwitchDev: DWORD, dwGain: DWORD
    )
        refused PHONE "there are no phone devices";
    asynchronous TSPI_phoneSetHookSwitch(
        dwRequestID: DRV_REQUESTID, hdPhone: HDRVPHONE, dwHookSwitchDevs: DWORD, dwHookSwitchMode: DWORD
    )
        refused PHONE "there are no phone devices";
    asynchronous TSPI_phoneSetLamp(
        dwRequestID: DRV_REQUESTID, hdPhone: HDRVPHONE, dwButtonLampID: DWORD, dwLampMode: DWORD
    )
        refused PHONE "there are no phone devices";
    asynchronous TSPI_phoneSetRing(dwRequestID: DRV_REQUESTID, hdPhone: HDRVPHONE, dwRingMode: DWORD, dwVolume: DWORD)
        refused PHONE "there are no phone devices";
    synchronous TSPI_phoneSetStatusMessages(
        hdPhone: HDRVPHONE, dwPhoneStates: DWORD, dwButtonModes: DWORD, dwButtonStates: DWORD
    )
        refused PHONE "there are no phone devices";
    asynchronous TSPI_phoneSetVolume(
        dwRequestID: DRV_REQUESTID, hdPhone: HDRVPHONE, dwHookSwitchDev: DWORD, dwVolume: DWORD
    )
        refused PHONE "there are no phone devices";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn published() -> BTreeSet<&'static str> {
        include_str!("../../tests/data/exports.txt").lines().filter(|l| !l.starts_with('#')).collect()
    }

    #[test]
    fn every_published_operation_is_there_once() {
        let names: BTreeSet<_> = OPERATIONS.iter().map(|o| o.name).collect();
        assert_eq!(names.len(), OPERATIONS.len());
        assert_eq!(names, published());
    }

    #[test]
    fn requests_come_first() {
        for operation in OPERATIONS {
            let first = operation.parameters.first().map(|p| p.ty);
            assert_eq!(operation.asynchronous, first == Some("DRV_REQUESTID"), "{}", operation.name);
        }
    }

    #[test]
    fn refusals_are_negative_and_of_their_class() {
        for operation in OPERATIONS {
            let phone = operation.name.starts_with("TSPI_phone");
            match operation.refused {
                Some((error, why)) => {
                    assert!(error < 0 && !why.is_empty() && operation.by.is_none());
                    assert!(!phone || error == PHONE, "{}", operation.name);
                }
                None => assert!(!phone && operation.by.is_some(), "{}", operation.name),
            }
        }
    }

    #[test]
    fn signatures_read_as_published() {
        let of = |name| OPERATIONS.iter().find(|o| o.name == name).map(Operation::signature).unwrap();
        assert_eq!(
            of("TSPI_lineDial"),
            "LONG TSPI_lineDial(DRV_REQUESTID dwRequestID, HDRVCALL hdCall, LPCWSTR lpszDestAddress, DWORD dwCountryCode);"
        );
        assert_eq!(
            of("TSPI_lineConditionalMediaDetection"),
            "LONG TSPI_lineConditionalMediaDetection(HDRVLINE hdLine, DWORD dwMediaModes, \
             LPLINECALLPARAMS const lpCallParams);"
        );
    }

    #[test]
    fn before_init_there_is_nothing_to_work_on() {
        // The tests of this library never initialise the provider, so no session is there.
        // SAFETY: none of these takes a pointer.
        let answers = unsafe {
            [TSPI_lineClose(0x4000_0001), TSPI_lineCloseCall(0x5000_0001), TSPI_providerShutdown(0x0002_0002, 1)]
        };
        assert_eq!(answers, [LineErr::UNINITIALIZED.code(); 3]);
        assert_eq!(TSPI_lineSendUserUserInfo(1, 1, std::ptr::null(), 0), LineErr::OPERATIONUNAVAIL.code());
    }
}
