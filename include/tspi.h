/*
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

/* A dialog to be made. */
typedef struct TUISPICREATEDIALOGINSTANCEPARAMS {
    DRV_REQUESTID dwRequestID;
    HDRVDIALOGINSTANCE hdDlgInst;
    HTAPIDIALOGINSTANCE htDlgInst;
    LPCWSTR lpszUIDLLName;
    LPVOID lpParams;
    DWORD dwSize;
} TUISPICREATEDIALOGINSTANCEPARAMS, *LPTUISPICREATEDIALOGINSTANCEPARAMS;

LONG TSPI_providerConfig(HWND hwndOwner, DWORD dwPermanentProviderID);

LONG TSPI_providerCreateLineDevice(DWORD_PTR dwTempID, DWORD dwDeviceID);

/* Refused: there are no phone devices. */
LONG TSPI_providerCreatePhoneDevice(DWORD_PTR dwTempID, DWORD dwDeviceID);

LONG TSPI_providerEnumDevices(DWORD dwPermanentProviderID, LPDWORD lpdwNumLines, LPDWORD lpdwNumPhones,
                              HPROVIDER hProvider, LINEEVENT lpfnLineCreateProc, PHONEEVENT lpfnPhoneCreateProc);

/* Refused: there is no dialog library. */
LONG TSPI_providerFreeDialogInstance(HDRVDIALOGINSTANCE hdDlgInst);

/* Refused: there is no dialog library. */
LONG TSPI_providerGenericDialogData(DWORD_PTR dwObjectID, DWORD dwObjectType, LPVOID lpParams, DWORD dwSize);

LONG TSPI_providerInit(DWORD dwTSPIVersion, DWORD dwPermanentProviderID, DWORD dwLineDeviceIDBase,
                       DWORD dwPhoneDeviceIDBase, DWORD_PTR dwNumLines, DWORD_PTR dwNumPhones,
                       ASYNC_COMPLETION lpfnCompletionProc, LPDWORD lpdwTSPIOptions);

LONG TSPI_providerInstall(HWND hwndOwner, DWORD dwPermanentProviderID);

LONG TSPI_providerRemove(HWND hwndOwner, DWORD dwPermanentProviderID);

LONG TSPI_providerShutdown(DWORD dwTSPIVersion, DWORD dwPermanentProviderID);

/* Refused: there is no dialog library. */
LONG TSPI_providerUIIdentify(LPWSTR lpszUIDLLName);

LONG TSPI_lineNegotiateTSPIVersion(DWORD dwDeviceID, DWORD dwLowVersion, DWORD dwHighVersion, LPDWORD lpdwTSPIVersion);

LONG TSPI_lineNegotiateExtVersion(DWORD dwDeviceID, DWORD dwTSPIVersion, DWORD dwLowVersion, DWORD dwHighVersion,
                                  LPDWORD lpdwExtVersion);

LONG TSPI_lineGetExtensionID(DWORD dwDeviceID, DWORD dwTSPIVersion, LPLINEEXTENSIONID lpExtensionID);

LONG TSPI_lineSelectExtVersion(HDRVLINE hdLine, DWORD dwExtVersion);

LONG TSPI_lineGetDevCaps(DWORD dwDeviceID, DWORD dwTSPIVersion, DWORD dwExtVersion, LPLINEDEVCAPS lpLineDevCaps);

LONG TSPI_lineOpen(DWORD dwDeviceID, HTAPILINE htLine, LPHDRVLINE lphdLine, DWORD dwTSPIVersion,
                   LINEEVENT lpfnEventProc);

LONG TSPI_lineClose(HDRVLINE hdLine);

LONG TSPI_lineGetLineDevStatus(HDRVLINE hdLine, LPLINEDEVSTATUS lpLineDevStatus);

LONG TSPI_lineSetLineDevStatus(DRV_REQUESTID dwRequestID, HDRVLINE hdLine, DWORD dwStatusToChange, DWORD fStatus);

LONG TSPI_lineSetStatusMessages(HDRVLINE hdLine, DWORD dwLineStates, DWORD dwAddressStates);

LONG TSPI_lineSetDefaultMediaDetection(HDRVLINE hdLine, DWORD dwMediaModes);

LONG TSPI_lineConditionalMediaDetection(HDRVLINE hdLine, DWORD dwMediaModes, LPLINECALLPARAMS const lpCallParams);

LONG TSPI_lineGetNumAddressIDs(HDRVLINE hdLine, LPDWORD lpdwNumAddressIDs);

LONG TSPI_lineGetAddressID(HDRVLINE hdLine, LPDWORD lpdwAddressID, DWORD dwAddressMode, LPCWSTR lpsAddress,
                           DWORD dwSize);

LONG TSPI_lineGetAddressCaps(DWORD dwDeviceID, DWORD dwAddressID, DWORD dwTSPIVersion, DWORD dwExtVersion,
                             LPLINEADDRESSCAPS lpAddressCaps);

LONG TSPI_lineGetAddressStatus(HDRVLINE hdLine, DWORD dwAddressID, LPLINEADDRESSSTATUS lpAddressStatus);

LONG TSPI_lineMakeCall(DRV_REQUESTID dwRequestID, HDRVLINE hdLine, HTAPICALL htCall, LPHDRVCALL lphdCall,
                       LPCWSTR lpszDestAddress, DWORD dwCountryCode, LPLINECALLPARAMS const lpCallParams);

LONG TSPI_lineDial(DRV_REQUESTID dwRequestID, HDRVCALL hdCall, LPCWSTR lpszDestAddress, DWORD dwCountryCode);

LONG TSPI_lineAccept(DRV_REQUESTID dwRequestID, HDRVCALL hdCall, LPCSTR lpsUserUserInfo, DWORD dwSize);

LONG TSPI_lineAnswer(DRV_REQUESTID dwRequestID, HDRVCALL hdCall, LPCSTR lpsUserUserInfo, DWORD dwSize);

LONG TSPI_lineRedirect(DRV_REQUESTID dwRequestID, HDRVCALL hdCall, LPCWSTR lpszDestAddress, DWORD dwCountryCode);

LONG TSPI_lineDrop(DRV_REQUESTID dwRequestID, HDRVCALL hdCall, LPCSTR lpsUserUserInfo, DWORD dwSize);

LONG TSPI_lineCloseCall(HDRVCALL hdCall);

LONG TSPI_lineSecureCall(DRV_REQUESTID dwRequestID, HDRVCALL hdCall);

LONG TSPI_lineSetCallParams(DRV_REQUESTID dwRequestID, HDRVCALL hdCall, DWORD dwBearerMode, DWORD dwMinRate,
                            DWORD dwMaxRate, LPLINEDIALPARAMS const lpDialParams);

/* Refused: analog lines carry no user-user information. */
LONG TSPI_lineSendUserUserInfo(DRV_REQUESTID dwRequestID, HDRVCALL hdCall, LPCSTR lpsUserUserInfo, DWORD dwSize);

LONG TSPI_lineReleaseUserUserInfo(DRV_REQUESTID dwRequestID, HDRVCALL hdCall);

/* Refused: obsolete since 2.1. */
LONG TSPI_lineDropOnClose(HDRVCALL hdCall);

/* Refused: obsolete since 2.1. */
LONG TSPI_lineDropNoOwner(HDRVCALL hdCall);

LONG TSPI_lineHold(DRV_REQUESTID dwRequestID, HDRVCALL hdCall);

LONG TSPI_lineUnhold(DRV_REQUESTID dwRequestID, HDRVCALL hdCall);

LONG TSPI_lineSwapHold(DRV_REQUESTID dwRequestID, HDRVCALL hdActiveCall, HDRVCALL hdHeldCall);

LONG TSPI_lineBlindTransfer(DRV_REQUESTID dwRequestID, HDRVCALL hdCall, LPCWSTR lpszDestAddress, DWORD dwCountryCode);

LONG TSPI_lineSetupTransfer(DRV_REQUESTID dwRequestID, HDRVCALL hdCall, HTAPICALL htConsultCall,
                            LPHDRVCALL lphdConsultCall, LPLINECALLPARAMS const lpCallParams);

LONG TSPI_lineCompleteTransfer(DRV_REQUESTID dwRequestID, HDRVCALL hdCall, HDRVCALL hdConsultCall, HTAPICALL htConfCall,
                               LPHDRVCALL lphdConfCall, DWORD dwTransferMode);

LONG TSPI_lineSetupConference(DRV_REQUESTID dwRequestID, HDRVCALL hdCall, HDRVLINE hdLine, HTAPICALL htConfCall,
                              LPHDRVCALL lphdConfCall, HTAPICALL htConsultCall, LPHDRVCALL lphdConsultCall,
                              DWORD dwNumParties, LPLINECALLPARAMS const lpCallParams);

LONG TSPI_linePrepareAddToConference(DRV_REQUESTID dwRequestID, HDRVCALL hdConfCall, HTAPICALL htConsultCall,
                                     LPHDRVCALL lphdConsultCall, LPLINECALLPARAMS const lpCallParams);

LONG TSPI_lineAddToConference(DRV_REQUESTID dwRequestID, HDRVCALL hdConfCall, HDRVCALL hdConsultCall);

LONG TSPI_lineRemoveFromConference(DRV_REQUESTID dwRequestID, HDRVCALL hdCall);

LONG TSPI_lineForward(DRV_REQUESTID dwRequestID, HDRVLINE hdLine, DWORD bAllAddresses, DWORD dwAddressID,
                      LPLINEFORWARDLIST const lpForwardList, DWORD dwNumRingsNoAnswer, HTAPICALL htConsultCall,
                      LPHDRVCALL lphdConsultCall, LPLINECALLPARAMS const lpCallParams);

LONG TSPI_linePickup(DRV_REQUESTID dwRequestID, HDRVLINE hdLine, DWORD dwAddressID, HTAPICALL htCall,
                     LPHDRVCALL lphdCall, LPCWSTR lpszDestAddress, LPCWSTR lpszGroupID);

LONG TSPI_linePark(DRV_REQUESTID dwRequestID, HDRVCALL hdCall, DWORD dwParkMode, LPCWSTR lpszDirAddress,
                   LPVARSTRING lpNonDirAddress);

LONG TSPI_lineUnpark(DRV_REQUESTID dwRequestID, HDRVLINE hdLine, DWORD dwAddressID, HTAPICALL htCall,
                     LPHDRVCALL lphdCall, LPCWSTR lpszDestAddress);

LONG TSPI_lineCompleteCall(DRV_REQUESTID dwRequestID, HDRVCALL hdCall, LPDWORD lpdwCompletionID, DWORD dwCompletionMode,
                           DWORD dwMessageID);

LONG TSPI_lineUncompleteCall(DRV_REQUESTID dwRequestID, HDRVLINE hdLine, DWORD dwCompletionID);

LONG TSPI_lineMonitorDigits(HDRVCALL hdCall, DWORD dwDigitModes);

LONG TSPI_lineGatherDigits(HDRVCALL hdCall, DWORD dwEndToEndID, DWORD dwDigitModes, LPWSTR lpsDigits, DWORD dwNumDigits,
                           LPCWSTR lpszTerminationDigits, DWORD dwFirstDigitTimeout, DWORD dwInterDigitTimeout);

LONG TSPI_lineGenerateDigits(HDRVCALL hdCall, DWORD dwEndToEndID, DWORD dwDigitMode, LPCWSTR lpszDigits,
                             DWORD dwDuration);

LONG TSPI_lineGenerateTone(HDRVCALL hdCall, DWORD dwEndToEndID, DWORD dwToneMode, DWORD dwDuration, DWORD dwNumTones,
                           LPLINEGENERATETONE const lpTones);

LONG TSPI_lineMonitorTones(HDRVCALL hdCall, DWORD dwToneListID, LPLINEMONITORTONE const lpToneList,
                           DWORD dwNumEntries);

LONG TSPI_lineMonitorMedia(HDRVCALL hdCall, DWORD dwMediaModes);

LONG TSPI_lineSetMediaControl(HDRVLINE hdLine, DWORD dwAddressID, HDRVCALL hdCall, DWORD dwSelect,
                              LPLINEMEDIACONTROLDIGIT const lpDigitList, DWORD dwDigitNumEntries,
                              LPLINEMEDIACONTROLMEDIA const lpMediaList, DWORD dwMediaNumEntries,
                              LPLINEMEDIACONTROLTONE const lpToneList, DWORD dwToneNumEntries,
                              LPLINEMEDIACONTROLCALLSTATE const lpCallStateList, DWORD dwCallStateNumEntries);

LONG TSPI_lineSetMediaMode(HDRVCALL hdCall, DWORD dwMediaMode);

LONG TSPI_lineSetTerminal(DRV_REQUESTID dwRequestID, HDRVLINE hdLine, DWORD dwAddressID, HDRVCALL hdCall,
                          DWORD dwSelect, DWORD dwTerminalModes, DWORD dwTerminalID, DWORD bEnable);

LONG TSPI_lineGetCallInfo(HDRVCALL hdCall, LPLINECALLINFO lpCallInfo);

LONG TSPI_lineGetCallStatus(HDRVCALL hdCall, LPLINECALLSTATUS lpCallStatus);

LONG TSPI_lineGetCallAddressID(HDRVCALL hdCall, LPDWORD lpdwAddressID);

LONG TSPI_lineSetAppSpecific(HDRVCALL hdCall, DWORD dwAppSpecific);

LONG TSPI_lineSetCallData(DRV_REQUESTID dwRequestID, HDRVCALL hdCall, LPVOID lpCallData, DWORD dwSize);

LONG TSPI_lineSetCallTreatment(DRV_REQUESTID dwRequestID, HDRVCALL hdCall, DWORD dwTreatment);

/* Refused: an analog call has no quality of service to set. */
LONG TSPI_lineSetCallQualityOfService(DRV_REQUESTID dwRequestID, HDRVCALL hdCall, LPVOID lpSendingFlowspec,
                                      DWORD dwSendingFlowspecSize, LPVOID lpReceivingFlowspec,
                                      DWORD dwReceivingFlowspecSize);

/* Refused: of version 3.0. */
LONG TSPI_lineGetCallIDs(HDRVCALL hdCall, LPDWORD lpdwAddressID, LPDWORD lpdwCallID, LPDWORD lpdwRelatedCallID);

/* Refused: of version 3.0. */
LONG TSPI_lineGetCallHubTracking(HDRVLINE hdLine, LPLINECALLHUBTRACKINGINFO lpTrackingInfo);

/* Refused: of version 3.0. */
LONG TSPI_lineSetCallHubTracking(HDRVLINE hdLine, LPLINECALLHUBTRACKINGINFO lpTrackingInfo);

LONG TSPI_lineGetID(HDRVLINE hdLine, DWORD dwAddressID, HDRVCALL hdCall, DWORD dwSelect, LPVARSTRING lpDeviceID,
                    LPCWSTR lpszDeviceClass, HANDLE hTargetProcess);

LONG TSPI_lineGetDevConfig(DWORD dwDeviceID, LPVARSTRING lpDeviceConfig, LPCWSTR lpszDeviceClass);

LONG TSPI_lineSetDevConfig(DWORD dwDeviceID, LPVOID const lpDeviceConfig, DWORD dwSize, LPCWSTR lpszDeviceClass);

LONG TSPI_lineGetIcon(DWORD dwDeviceID, LPCWSTR lpszDeviceClass, LPHICON lphIcon);

LONG TSPI_lineDevSpecific(DRV_REQUESTID dwRequestID, HDRVLINE hdLine, DWORD dwAddressID, HDRVCALL hdCall,
                          LPVOID lpParams, DWORD dwSize);

LONG TSPI_lineDevSpecificFeature(DRV_REQUESTID dwRequestID, HDRVLINE hdLine, DWORD dwFeature, LPVOID lpParams,
                                 DWORD dwSize);

/* Refused: there is no media stream provider before version 3.0. */
LONG TSPI_lineMSPIdentify(DWORD dwDeviceID, LPGUID pCLSID);

/* Refused: there is no media stream provider before version 3.0. */
LONG TSPI_lineCreateMSPInstance(HDRVLINE hdLine, DWORD dwAddressID, HTAPIMSPLINE htMSPLine, LPHDRVMSPLINE lphdMSPLine);

/* Refused: there is no media stream provider before version 3.0. */
LONG TSPI_lineCloseMSPInstance(HDRVMSPLINE hdMSPLine);

/* Refused: there is no media stream provider before version 3.0. */
LONG TSPI_lineReceiveMSPData(HDRVLINE hdLine, HDRVCALL hdCall, HDRVMSPLINE hdMSPLine, LPVOID pBuffer, DWORD dwSize);

/* Refused: obsolete; locations are the host's. */
LONG TSPI_lineSetCurrentLocation(DWORD dwLocation);

/* Refused: there are no phone devices. */
LONG TSPI_phoneClose(HDRVPHONE hdPhone);

/* Refused: there are no phone devices. */
LONG TSPI_phoneDevSpecific(DRV_REQUESTID dwRequestID, HDRVPHONE hdPhone, LPVOID lpParams, DWORD dwSize);

/* Refused: there are no phone devices. */
LONG TSPI_phoneGetButtonInfo(HDRVPHONE hdPhone, DWORD dwButtonLampID, LPPHONEBUTTONINFO lpButtonInfo);

/* Refused: there are no phone devices. */
LONG TSPI_phoneGetData(HDRVPHONE hdPhone, DWORD dwDataID, LPVOID lpData, DWORD dwSize);

/* Refused: there are no phone devices. */
LONG TSPI_phoneGetDevCaps(DWORD dwDeviceID, DWORD dwTSPIVersion, DWORD dwExtVersion, LPPHONECAPS lpPhoneCaps);

/* Refused: there are no phone devices. */
LONG TSPI_phoneGetDisplay(HDRVPHONE hdPhone, LPVARSTRING lpDisplay);

/* Refused: there are no phone devices. */
LONG TSPI_phoneGetExtensionID(DWORD dwDeviceID, DWORD dwTSPIVersion, LPPHONEEXTENSIONID lpExtensionID);

/* Refused: there are no phone devices. */
LONG TSPI_phoneGetGain(HDRVPHONE hdPhone, DWORD dwHookSwitchDev, LPDWORD lpdwGain);

/* Refused: there are no phone devices. */
LONG TSPI_phoneGetHookSwitch(HDRVPHONE hdPhone, LPDWORD lpdwHookSwitchDevs);

/* Refused: there are no phone devices. */
LONG TSPI_phoneGetIcon(DWORD dwDeviceID, LPCWSTR lpszDeviceClass, LPHICON lphIcon);

/* Refused: there are no phone devices. */
LONG TSPI_phoneGetID(HDRVPHONE hdPhone, LPVARSTRING lpDeviceID, LPCWSTR lpszDeviceClass, HANDLE hTargetProcess);

/* Refused: there are no phone devices. */
LONG TSPI_phoneGetLamp(HDRVPHONE hdPhone, DWORD dwButtonLampID, LPDWORD lpdwLampMode);

/* Refused: there are no phone devices. */
LONG TSPI_phoneGetRing(HDRVPHONE hdPhone, LPDWORD lpdwRingMode, LPDWORD lpdwVolume);

/* Refused: there are no phone devices. */
LONG TSPI_phoneGetStatus(HDRVPHONE hdPhone, LPPHONESTATUS lpPhoneStatus);

/* Refused: there are no phone devices. */
LONG TSPI_phoneGetVolume(HDRVPHONE hdPhone, DWORD dwHookSwitchDev, LPDWORD lpdwVolume);

/* Refused: there are no phone devices. */
LONG TSPI_phoneNegotiateExtVersion(DWORD dwDeviceID, DWORD dwTSPIVersion, DWORD dwLowVersion, DWORD dwHighVersion,
                                   LPDWORD lpdwExtVersion);

/* Refused: there are no phone devices. */
LONG TSPI_phoneNegotiateTSPIVersion(DWORD dwDeviceID, DWORD dwLowVersion, DWORD dwHighVersion,
                                    LPDWORD lpdwTSPIVersion);

/* Refused: there are no phone devices. */
LONG TSPI_phoneOpen(DWORD dwDeviceID, HTAPIPHONE htPhone, LPHDRVPHONE lphdPhone, DWORD dwTSPIVersion,
                    PHONEEVENT lpfnEventProc);

/* Refused: there are no phone devices. */
LONG TSPI_phoneSelectExtVersion(HDRVPHONE hdPhone, DWORD dwExtVersion);

/* Refused: there are no phone devices. */
LONG TSPI_phoneSetButtonInfo(DRV_REQUESTID dwRequestID, HDRVPHONE hdPhone, DWORD dwButtonLampID,
                             LPPHONEBUTTONINFO const lpButtonInfo);

/* Refused: there are no phone devices. */
LONG TSPI_phoneSetData(DRV_REQUESTID dwRequestID, HDRVPHONE hdPhone, DWORD dwDataID, LPVOID const lpData,
                       DWORD dwSize);

/* Refused: there are no phone devices. */
LONG TSPI_phoneSetDisplay(DRV_REQUESTID dwRequestID, HDRVPHONE hdPhone, DWORD dwRow, DWORD dwColumn, LPCWSTR lpsDisplay,
                          DWORD dwSize);

/* Refused: there are no phone devices. */
LONG TSPI_phoneSetGain(DRV_REQUESTID dwRequestID, HDRVPHONE hdPhone, DWORD dwHookSwitchDev, DWORD dwGain);

/* Refused: there are no phone devices. */
LONG TSPI_phoneSetHookSwitch(DRV_REQUESTID dwRequestID, HDRVPHONE hdPhone, DWORD dwHookSwitchDevs,
                             DWORD dwHookSwitchMode);

/* Refused: there are no phone devices. */
LONG TSPI_phoneSetLamp(DRV_REQUESTID dwRequestID, HDRVPHONE hdPhone, DWORD dwButtonLampID, DWORD dwLampMode);

/* Refused: there are no phone devices. */
LONG TSPI_phoneSetRing(DRV_REQUESTID dwRequestID, HDRVPHONE hdPhone, DWORD dwRingMode, DWORD dwVolume);

/* Refused: there are no phone devices. */
LONG TSPI_phoneSetStatusMessages(HDRVPHONE hdPhone, DWORD dwPhoneStates, DWORD dwButtonModes, DWORD dwButtonStates);

/* Refused: there are no phone devices. */
LONG TSPI_phoneSetVolume(DRV_REQUESTID dwRequestID, HDRVPHONE hdPhone, DWORD dwHookSwitchDev, DWORD dwVolume);

#ifdef __cplusplus
}
#endif

#endif
