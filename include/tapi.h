/*
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

/* Numbers of their own kind. */
#define INITIALIZE_NEGOTIATION                 0xffffffffu
#define LINEMAPPER                             0xffffffffu
#define LAST_LINEMEDIAMODE                     0x8000u
#define TAPIMAXDESTADDRESSSIZE                 0x50u
#define TSPI_MESSAGE_BASE                      0x1f4u

/* Messages of the line class. */
#define LINE_ADDRESSSTATE                      0x0u
#define LINE_CALLINFO                          0x1u
#define LINE_CALLSTATE                         0x2u
#define LINE_CLOSE                             0x3u
#define LINE_DEVSPECIFIC                       0x4u
#define LINE_DEVSPECIFICFEATURE                0x5u
#define LINE_GATHERDIGITS                      0x6u
#define LINE_GENERATE                          0x7u
#define LINE_LINEDEVSTATE                      0x8u
#define LINE_MONITORDIGITS                     0x9u
#define LINE_MONITORMEDIA                      0xau
#define LINE_MONITORTONE                       0xbu
#define LINE_REPLY                             0xcu
#define LINE_REQUEST                           0xdu
#define LINE_CREATE                            0x13u
#define LINE_AGENTSPECIFIC                     0x15u
#define LINE_AGENTSTATUS                       0x16u
#define LINE_APPNEWCALL                        0x17u
#define LINE_PROXYREQUEST                      0x18u
#define LINE_REMOVE                            0x19u
#define LINE_AGENTSESSIONSTATUS                0x1bu
#define LINE_QUEUESTATUS                       0x1cu
#define LINE_AGENTSTATUSEX                     0x1du
#define LINE_GROUPSTATUS                       0x1eu
#define LINE_PROXYSTATUS                       0x1fu
#define LINE_APPNEWCALLHUB                     0x20u
#define LINE_CALLHUBCLOSE                      0x21u
#define LINE_DEVSPECIFICEX                     0x22u
#define LINE_NEWCALL                           0x1f4u
#define LINE_CALLDEVSPECIFIC                   0x1f5u
#define LINE_CALLDEVSPECIFICFEATURE            0x1f6u
#define LINE_CREATEDIALOGINSTANCE              0x1f7u
#define LINE_SENDDIALOGINSTANCEDATA            0x1f8u
#define LINE_SENDMSPDATA                       0x1f9u
#define LINE_QOSINFO                           0x1fau

/* What an address can do besides its features. */
#define LINEADDRCAPFLAGS_FWDNUMRINGS           0x1u
#define LINEADDRCAPFLAGS_PICKUPGROUPID         0x2u
#define LINEADDRCAPFLAGS_SECURE                0x4u
#define LINEADDRCAPFLAGS_BLOCKIDDEFAULT        0x8u
#define LINEADDRCAPFLAGS_BLOCKIDOVERRIDE       0x10u
#define LINEADDRCAPFLAGS_DIALED                0x20u
#define LINEADDRCAPFLAGS_ORIGOFFHOOK           0x40u
#define LINEADDRCAPFLAGS_DESTOFFHOOK           0x80u
#define LINEADDRCAPFLAGS_FWDCONSULT            0x100u
#define LINEADDRCAPFLAGS_SETUPCONFNULL         0x200u
#define LINEADDRCAPFLAGS_AUTORECONNECT         0x400u
#define LINEADDRCAPFLAGS_COMPLETIONID          0x800u
#define LINEADDRCAPFLAGS_TRANSFERHELD          0x1000u
#define LINEADDRCAPFLAGS_TRANSFERMAKE          0x2000u
#define LINEADDRCAPFLAGS_CONFERENCEHELD        0x4000u
#define LINEADDRCAPFLAGS_CONFERENCEMAKE        0x8000u
#define LINEADDRCAPFLAGS_PARTIALDIAL           0x10000u
#define LINEADDRCAPFLAGS_FWDSTATUSVALID        0x20000u
#define LINEADDRCAPFLAGS_FWDINTEXTADDR         0x40000u
#define LINEADDRCAPFLAGS_FWDBUSYNAADDR         0x80000u
#define LINEADDRCAPFLAGS_ACCEPTTOALERT         0x100000u
#define LINEADDRCAPFLAGS_CONFDROP              0x200000u
#define LINEADDRCAPFLAGS_PICKUPCALLWAIT        0x400000u
#define LINEADDRCAPFLAGS_PREDICTIVEDIALER      0x800000u
#define LINEADDRCAPFLAGS_QUEUE                 0x1000000u
#define LINEADDRCAPFLAGS_ROUTEPOINT            0x2000000u
#define LINEADDRCAPFLAGS_HOLDMAKESNEW          0x4000000u
#define LINEADDRCAPFLAGS_NOINTERNALCALLS       0x8000000u
#define LINEADDRCAPFLAGS_NOEXTERNALCALLS       0x10000000u
#define LINEADDRCAPFLAGS_SETCALLINGID          0x20000000u
#define LINEADDRCAPFLAGS_ACDGROUP              0x40000000u
#define LINEADDRCAPFLAGS_NOPSTNADDRESSTRANSLATION 0x80000000u

/* Ways to name an address. */
#define LINEADDRESSMODE_ADDRESSID              0x1u
#define LINEADDRESSMODE_DIALABLEADDR           0x2u

/* How an address is shared with other stations. */
#define LINEADDRESSSHARING_PRIVATE             0x1u
#define LINEADDRESSSHARING_BRIDGEDEXCL         0x2u
#define LINEADDRESSSHARING_BRIDGEDNEW          0x4u
#define LINEADDRESSSHARING_BRIDGEDSHARED       0x8u
#define LINEADDRESSSHARING_MONITORED           0x10u

/* Parts of an address's state. */
#define LINEADDRESSSTATE_OTHER                 0x1u
#define LINEADDRESSSTATE_DEVSPECIFIC           0x2u
#define LINEADDRESSSTATE_INUSEZERO             0x4u
#define LINEADDRESSSTATE_INUSEONE              0x8u
#define LINEADDRESSSTATE_INUSEMANY             0x10u
#define LINEADDRESSSTATE_NUMCALLS              0x20u
#define LINEADDRESSSTATE_FORWARD               0x40u
#define LINEADDRESSSTATE_TERMINALS             0x80u
#define LINEADDRESSSTATE_CAPSCHANGE            0x100u

/* Kinds of address (3.0). */
#define LINEADDRESSTYPE_PHONENUMBER            0x1u
#define LINEADDRESSTYPE_SDP                    0x2u
#define LINEADDRESSTYPE_EMAILNAME              0x4u
#define LINEADDRESSTYPE_DOMAINNAME             0x8u
#define LINEADDRESSTYPE_IPADDRESS              0x10u

/* What can be done with an address. */
#define LINEADDRFEATURE_FORWARD                0x1u
#define LINEADDRFEATURE_MAKECALL               0x2u
#define LINEADDRFEATURE_PICKUP                 0x4u
#define LINEADDRFEATURE_SETMEDIACONTROL        0x8u
#define LINEADDRFEATURE_SETTERMINAL            0x10u
#define LINEADDRFEATURE_SETUPCONF              0x20u
#define LINEADDRFEATURE_UNCOMPLETECALL         0x40u
#define LINEADDRFEATURE_UNPARK                 0x80u
#define LINEADDRFEATURE_PICKUPHELD             0x100u
#define LINEADDRFEATURE_PICKUPGROUP            0x200u
#define LINEADDRFEATURE_PICKUPDIRECT           0x400u
#define LINEADDRFEATURE_PICKUPWAITING          0x800u
#define LINEADDRFEATURE_FORWARDFWD             0x1000u
#define LINEADDRFEATURE_FORWARDDND             0x2000u

/* What answering does to an active call. */
#define LINEANSWERMODE_NONE                    0x1u
#define LINEANSWERMODE_DROP                    0x2u
#define LINEANSWERMODE_HOLD                    0x4u

/* Services of the network. */
#define LINEBEARERMODE_VOICE                   0x1u
#define LINEBEARERMODE_SPEECH                  0x2u
#define LINEBEARERMODE_MULTIUSE                0x4u
#define LINEBEARERMODE_DATA                    0x8u
#define LINEBEARERMODE_ALTSPEECHDATA           0x10u
#define LINEBEARERMODE_NONCALLSIGNALING        0x20u
#define LINEBEARERMODE_PASSTHROUGH             0x40u
#define LINEBEARERMODE_RESTRICTEDDATA          0x80u

/* Kinds of busy. */
#define LINEBUSYMODE_STATION                   0x1u
#define LINEBUSYMODE_TRUNK                     0x2u
#define LINEBUSYMODE_UNKNOWN                   0x4u
#define LINEBUSYMODE_UNAVAIL                   0x8u

/* Conditions for call completion. */
#define LINECALLCOMPLCOND_BUSY                 0x1u
#define LINECALLCOMPLCOND_NOANSWER             0x2u

/* Ways of call completion. */
#define LINECALLCOMPLMODE_CAMPON               0x1u
#define LINECALLCOMPLMODE_CALLBACK             0x2u
#define LINECALLCOMPLMODE_INTRUDE              0x4u
#define LINECALLCOMPLMODE_MESSAGE              0x8u

/* What can be done with a call. */
#define LINECALLFEATURE_ACCEPT                 0x1u
#define LINECALLFEATURE_ADDTOCONF              0x2u
#define LINECALLFEATURE_ANSWER                 0x4u
#define LINECALLFEATURE_BLINDTRANSFER          0x8u
#define LINECALLFEATURE_COMPLETECALL           0x10u
#define LINECALLFEATURE_COMPLETETRANSF         0x20u
#define LINECALLFEATURE_DIAL                   0x40u
#define LINECALLFEATURE_DROP                   0x80u
#define LINECALLFEATURE_GATHERDIGITS           0x100u
#define LINECALLFEATURE_GENERATEDIGITS         0x200u
#define LINECALLFEATURE_GENERATETONE           0x400u
#define LINECALLFEATURE_HOLD                   0x800u
#define LINECALLFEATURE_MONITORDIGITS          0x1000u
#define LINECALLFEATURE_MONITORMEDIA           0x2000u
#define LINECALLFEATURE_MONITORTONES           0x4000u
#define LINECALLFEATURE_PARK                   0x8000u
#define LINECALLFEATURE_PREPAREADDCONF         0x10000u
#define LINECALLFEATURE_REDIRECT               0x20000u
#define LINECALLFEATURE_REMOVEFROMCONF         0x40000u
#define LINECALLFEATURE_SECURECALL             0x80000u
#define LINECALLFEATURE_SENDUSERUSER           0x100000u
#define LINECALLFEATURE_SETCALLPARAMS          0x200000u
#define LINECALLFEATURE_SETMEDIACONTROL        0x400000u
#define LINECALLFEATURE_SETTERMINAL            0x800000u
#define LINECALLFEATURE_SETUPCONF              0x1000000u
#define LINECALLFEATURE_SETUPTRANSFER          0x2000000u
#define LINECALLFEATURE_SWAPHOLD               0x4000000u
#define LINECALLFEATURE_UNHOLD                 0x8000000u
#define LINECALLFEATURE_RELEASEUSERUSERINFO    0x10000000u
#define LINECALLFEATURE_SETTREATMENT           0x20000000u
#define LINECALLFEATURE_SETQOS                 0x40000000u
#define LINECALLFEATURE_SETCALLDATA            0x80000000u

/* What can be done with a call, continued (2.0). */
#define LINECALLFEATURE2_NOHOLDCONFERENCE      0x1u
#define LINECALLFEATURE2_ONESTEPTRANSFER       0x2u
#define LINECALLFEATURE2_COMPLCAMPON           0x4u
#define LINECALLFEATURE2_COMPLCALLBACK         0x8u
#define LINECALLFEATURE2_COMPLINTRUDE          0x10u
#define LINECALLFEATURE2_COMPLMESSAGE          0x20u
#define LINECALLFEATURE2_TRANSFERNORM          0x40u
#define LINECALLFEATURE2_TRANSFERCONF          0x80u
#define LINECALLFEATURE2_PARKDIRECT            0x100u
#define LINECALLFEATURE2_PARKNONDIRECT         0x200u

/* Parts of the information about a call. */
#define LINECALLINFOSTATE_OTHER                0x1u
#define LINECALLINFOSTATE_DEVSPECIFIC          0x2u
#define LINECALLINFOSTATE_BEARERMODE           0x4u
#define LINECALLINFOSTATE_RATE                 0x8u
#define LINECALLINFOSTATE_MEDIAMODE            0x10u
#define LINECALLINFOSTATE_APPSPECIFIC          0x20u
#define LINECALLINFOSTATE_CALLID               0x40u
#define LINECALLINFOSTATE_RELATEDCALLID        0x80u
#define LINECALLINFOSTATE_ORIGIN               0x100u
#define LINECALLINFOSTATE_REASON               0x200u
#define LINECALLINFOSTATE_COMPLETIONID         0x400u
#define LINECALLINFOSTATE_NUMOWNERINCR         0x800u
#define LINECALLINFOSTATE_NUMOWNERDECR         0x1000u
#define LINECALLINFOSTATE_NUMMONITORS          0x2000u
#define LINECALLINFOSTATE_TRUNK                0x4000u
#define LINECALLINFOSTATE_CALLERID             0x8000u
#define LINECALLINFOSTATE_CALLEDID             0x10000u
#define LINECALLINFOSTATE_CONNECTEDID          0x20000u
#define LINECALLINFOSTATE_REDIRECTIONID        0x40000u
#define LINECALLINFOSTATE_REDIRECTINGID        0x80000u
#define LINECALLINFOSTATE_DISPLAY              0x100000u
#define LINECALLINFOSTATE_USERUSERINFO         0x200000u
#define LINECALLINFOSTATE_HIGHLEVELCOMP        0x400000u
#define LINECALLINFOSTATE_LOWLEVELCOMP         0x800000u
#define LINECALLINFOSTATE_CHARGINGINFO         0x1000000u
#define LINECALLINFOSTATE_TERMINAL             0x2000000u
#define LINECALLINFOSTATE_DIALPARAMS           0x4000000u
#define LINECALLINFOSTATE_MONITORMODES         0x8000000u
#define LINECALLINFOSTATE_TREATMENT            0x10000000u
#define LINECALLINFOSTATE_QOS                  0x20000000u
#define LINECALLINFOSTATE_CALLDATA             0x40000000u

/* Where a call comes from. */
#define LINECALLORIGIN_OUTBOUND                0x1u
#define LINECALLORIGIN_INTERNAL                0x2u
#define LINECALLORIGIN_EXTERNAL                0x4u
#define LINECALLORIGIN_UNKNOWN                 0x10u
#define LINECALLORIGIN_UNAVAIL                 0x20u
#define LINECALLORIGIN_CONFERENCE              0x40u
#define LINECALLORIGIN_INBOUND                 0x80u

/* Wishes for a call. */
#define LINECALLPARAMFLAGS_SECURE              0x1u
#define LINECALLPARAMFLAGS_IDLE                0x2u
#define LINECALLPARAMFLAGS_BLOCKID             0x4u
#define LINECALLPARAMFLAGS_ORIGOFFHOOK         0x8u
#define LINECALLPARAMFLAGS_DESTOFFHOOK         0x10u
#define LINECALLPARAMFLAGS_NOHOLDCONFERENCE    0x20u
#define LINECALLPARAMFLAGS_PREDICTIVEDIAL      0x40u
#define LINECALLPARAMFLAGS_ONESTEPTRANSFER     0x80u

/* What is known of a party. */
#define LINECALLPARTYID_BLOCKED                0x1u
#define LINECALLPARTYID_OUTOFAREA              0x2u
#define LINECALLPARTYID_NAME                   0x4u
#define LINECALLPARTYID_ADDRESS                0x8u
#define LINECALLPARTYID_PARTIAL                0x10u
#define LINECALLPARTYID_UNKNOWN                0x20u
#define LINECALLPARTYID_UNAVAIL                0x40u

/* Why a call is there. */
#define LINECALLREASON_DIRECT                  0x1u
#define LINECALLREASON_FWDBUSY                 0x2u
#define LINECALLREASON_FWDNOANSWER             0x4u
#define LINECALLREASON_FWDUNCOND               0x8u
#define LINECALLREASON_PICKUP                  0x10u
#define LINECALLREASON_UNPARK                  0x20u
#define LINECALLREASON_REDIRECT                0x40u
#define LINECALLREASON_CALLCOMPLETION          0x80u
#define LINECALLREASON_TRANSFER                0x100u
#define LINECALLREASON_REMINDER                0x200u
#define LINECALLREASON_UNKNOWN                 0x400u
#define LINECALLREASON_UNAVAIL                 0x800u
#define LINECALLREASON_INTRUDE                 0x1000u
#define LINECALLREASON_PARKED                  0x2000u
#define LINECALLREASON_CAMPEDON                0x4000u
#define LINECALLREASON_ROUTEREQUEST            0x8000u

/* What a handle stands for. */
#define LINECALLSELECT_LINE                    0x1u
#define LINECALLSELECT_ADDRESS                 0x2u
#define LINECALLSELECT_CALL                    0x4u
#define LINECALLSELECT_DEVICEID                0x8u
#define LINECALLSELECT_CALLID                  0x10u

/* States of a call. */
#define LINECALLSTATE_IDLE                     0x1u
#define LINECALLSTATE_OFFERING                 0x2u
#define LINECALLSTATE_ACCEPTED                 0x4u
#define LINECALLSTATE_DIALTONE                 0x8u
#define LINECALLSTATE_DIALING                  0x10u
#define LINECALLSTATE_RINGBACK                 0x20u
#define LINECALLSTATE_BUSY                     0x40u
#define LINECALLSTATE_SPECIALINFO              0x80u
#define LINECALLSTATE_CONNECTED                0x100u
#define LINECALLSTATE_PROCEEDING               0x200u
#define LINECALLSTATE_ONHOLD                   0x400u
#define LINECALLSTATE_CONFERENCED              0x800u
#define LINECALLSTATE_ONHOLDPENDCONF           0x1000u
#define LINECALLSTATE_ONHOLDPENDTRANSFER       0x2000u
#define LINECALLSTATE_DISCONNECTED             0x4000u
#define LINECALLSTATE_UNKNOWN                  0x8000u

/* What an unanswered or held call hears. */
#define LINECALLTREATMENT_SILENCE              0x1u
#define LINECALLTREATMENT_RINGBACK             0x2u
#define LINECALLTREATMENT_BUSY                 0x3u
#define LINECALLTREATMENT_MUSIC                0x4u

/* Kinds of connection. */
#define LINECONNECTEDMODE_ACTIVE               0x1u
#define LINECONNECTEDMODE_INACTIVE             0x2u
#define LINECONNECTEDMODE_ACTIVEHELD           0x4u
#define LINECONNECTEDMODE_INACTIVEHELD         0x8u
#define LINECONNECTEDMODE_CONFIRMED            0x10u

/* What a line can do besides its features. */
#define LINEDEVCAPFLAGS_CROSSADDRCONF          0x1u
#define LINEDEVCAPFLAGS_HIGHLEVCOMP            0x2u
#define LINEDEVCAPFLAGS_LOWLEVCOMP             0x4u
#define LINEDEVCAPFLAGS_MEDIACONTROL           0x8u
#define LINEDEVCAPFLAGS_MULTIPLEADDR           0x10u
#define LINEDEVCAPFLAGS_CLOSEDROP              0x20u
#define LINEDEVCAPFLAGS_DIALBILLING            0x40u
#define LINEDEVCAPFLAGS_DIALQUIET              0x80u
#define LINEDEVCAPFLAGS_DIALDIALTONE           0x100u
#define LINEDEVCAPFLAGS_MSP                    0x200u
#define LINEDEVCAPFLAGS_CALLHUB                0x400u
#define LINEDEVCAPFLAGS_CALLHUBTRACKING        0x800u
#define LINEDEVCAPFLAGS_PRIVATEOBJECTS         0x1000u
#define LINEDEVCAPFLAGS_LOCAL                  0x2000u

/* Parts of a line's state. */
#define LINEDEVSTATE_OTHER                     0x1u
#define LINEDEVSTATE_RINGING                   0x2u
#define LINEDEVSTATE_CONNECTED                 0x4u
#define LINEDEVSTATE_DISCONNECTED              0x8u
#define LINEDEVSTATE_MSGWAITON                 0x10u
#define LINEDEVSTATE_MSGWAITOFF                0x20u
#define LINEDEVSTATE_INSERVICE                 0x40u
#define LINEDEVSTATE_OUTOFSERVICE              0x80u
#define LINEDEVSTATE_MAINTENANCE               0x100u
#define LINEDEVSTATE_OPEN                      0x200u
#define LINEDEVSTATE_CLOSE                     0x400u
#define LINEDEVSTATE_NUMCALLS                  0x800u
#define LINEDEVSTATE_NUMCOMPLETIONS            0x1000u
#define LINEDEVSTATE_TERMINALS                 0x2000u
#define LINEDEVSTATE_ROAMMODE                  0x4000u
#define LINEDEVSTATE_BATTERY                   0x8000u
#define LINEDEVSTATE_SIGNAL                    0x10000u
#define LINEDEVSTATE_DEVSPECIFIC               0x20000u
#define LINEDEVSTATE_REINIT                    0x40000u
#define LINEDEVSTATE_LOCK                      0x80000u
#define LINEDEVSTATE_CAPSCHANGE                0x100000u
#define LINEDEVSTATE_CONFIGCHANGE              0x200000u
#define LINEDEVSTATE_TRANSLATECHANGE           0x400000u
#define LINEDEVSTATE_COMPLCANCEL               0x800000u
#define LINEDEVSTATE_REMOVED                   0x1000000u

/* Status of a line. */
#define LINEDEVSTATUSFLAGS_CONNECTED           0x1u
#define LINEDEVSTATUSFLAGS_MSGWAIT             0x2u
#define LINEDEVSTATUSFLAGS_INSERVICE           0x4u
#define LINEDEVSTATUSFLAGS_LOCKED              0x8u

/* Kinds of dial tone. */
#define LINEDIALTONEMODE_NORMAL                0x1u
#define LINEDIALTONEMODE_SPECIAL               0x2u
#define LINEDIALTONEMODE_INTERNAL              0x4u
#define LINEDIALTONEMODE_EXTERNAL              0x8u
#define LINEDIALTONEMODE_UNKNOWN               0x10u
#define LINEDIALTONEMODE_UNAVAIL               0x20u

/* Kinds of digit. */
#define LINEDIGITMODE_PULSE                    0x1u
#define LINEDIGITMODE_DTMF                     0x2u
#define LINEDIGITMODE_DTMFEND                  0x4u

/* Why a call ended. */
#define LINEDISCONNECTMODE_NORMAL              0x1u
#define LINEDISCONNECTMODE_UNKNOWN             0x2u
#define LINEDISCONNECTMODE_REJECT              0x4u
#define LINEDISCONNECTMODE_PICKUP              0x8u
#define LINEDISCONNECTMODE_FORWARDED           0x10u
#define LINEDISCONNECTMODE_BUSY                0x20u
#define LINEDISCONNECTMODE_NOANSWER            0x40u
#define LINEDISCONNECTMODE_BADADDRESS          0x80u
#define LINEDISCONNECTMODE_UNREACHABLE         0x100u
#define LINEDISCONNECTMODE_CONGESTION          0x200u
#define LINEDISCONNECTMODE_INCOMPATIBLE        0x400u
#define LINEDISCONNECTMODE_UNAVAIL             0x800u
#define LINEDISCONNECTMODE_NODIALTONE          0x1000u
#define LINEDISCONNECTMODE_NUMBERCHANGED       0x2000u
#define LINEDISCONNECTMODE_OUTOFORDER          0x4000u
#define LINEDISCONNECTMODE_TEMPFAILURE         0x8000u
#define LINEDISCONNECTMODE_QOSUNAVAIL          0x10000u
#define LINEDISCONNECTMODE_BLOCKED             0x20000u
#define LINEDISCONNECTMODE_DONOTDISTURB        0x40000u
#define LINEDISCONNECTMODE_CANCELLED           0x80000u

/* What can be done with a line. */
#define LINEFEATURE_DEVSPECIFIC                0x1u
#define LINEFEATURE_DEVSPECIFICFEAT            0x2u
#define LINEFEATURE_FORWARD                    0x4u
#define LINEFEATURE_MAKECALL                   0x8u
#define LINEFEATURE_SETMEDIACONTROL            0x10u
#define LINEFEATURE_SETTERMINAL                0x20u
#define LINEFEATURE_SETDEVSTATUS               0x40u
#define LINEFEATURE_FORWARDFWD                 0x80u
#define LINEFEATURE_FORWARDDND                 0x100u

/* Ways of forwarding. */
#define LINEFORWARDMODE_UNCOND                 0x1u
#define LINEFORWARDMODE_UNCONDINTERNAL         0x2u
#define LINEFORWARDMODE_UNCONDEXTERNAL         0x4u
#define LINEFORWARDMODE_UNCONDSPECIFIC         0x8u
#define LINEFORWARDMODE_BUSY                   0x10u
#define LINEFORWARDMODE_BUSYINTERNAL           0x20u
#define LINEFORWARDMODE_BUSYEXTERNAL           0x40u
#define LINEFORWARDMODE_BUSYSPECIFIC           0x80u
#define LINEFORWARDMODE_NOANSW                 0x100u
#define LINEFORWARDMODE_NOANSWINTERNAL         0x200u
#define LINEFORWARDMODE_NOANSWEXTERNAL         0x400u
#define LINEFORWARDMODE_NOANSWSPECIFIC         0x800u
#define LINEFORWARDMODE_BUSYNA                 0x1000u
#define LINEFORWARDMODE_BUSYNAINTERNAL         0x2000u
#define LINEFORWARDMODE_BUSYNAEXTERNAL         0x4000u
#define LINEFORWARDMODE_BUSYNASPECIFIC         0x8000u
#define LINEFORWARDMODE_UNKNOWN                0x10000u
#define LINEFORWARDMODE_UNAVAIL                0x20000u

/* Why a collection of digits ended. */
#define LINEGATHERTERM_BUFFERFULL              0x1u
#define LINEGATHERTERM_TERMDIGIT               0x2u
#define LINEGATHERTERM_FIRSTTIMEOUT            0x4u
#define LINEGATHERTERM_INTERTIMEOUT            0x8u
#define LINEGATHERTERM_CANCEL                  0x10u

/* Why a generation of digits or tones ended. */
#define LINEGENERATETERM_DONE                  0x1u
#define LINEGENERATETERM_CANCEL                0x2u

/* Actions of media control. */
#define LINEMEDIACONTROL_NONE                  0x1u
#define LINEMEDIACONTROL_START                 0x2u
#define LINEMEDIACONTROL_RESET                 0x4u
#define LINEMEDIACONTROL_PAUSE                 0x8u
#define LINEMEDIACONTROL_RESUME                0x10u
#define LINEMEDIACONTROL_RATEUP                0x20u
#define LINEMEDIACONTROL_RATEDOWN              0x40u
#define LINEMEDIACONTROL_RATENORMAL            0x80u
#define LINEMEDIACONTROL_VOLUMEUP              0x100u
#define LINEMEDIACONTROL_VOLUMEDOWN            0x200u
#define LINEMEDIACONTROL_VOLUMENORMAL          0x400u

/* Media. */
#define LINEMEDIAMODE_UNKNOWN                  0x2u
#define LINEMEDIAMODE_INTERACTIVEVOICE         0x4u
#define LINEMEDIAMODE_AUTOMATEDVOICE           0x8u
#define LINEMEDIAMODE_DATAMODEM                0x10u
#define LINEMEDIAMODE_G3FAX                    0x20u
#define LINEMEDIAMODE_TDD                      0x40u
#define LINEMEDIAMODE_G4FAX                    0x80u
#define LINEMEDIAMODE_DIGITALDATA              0x100u
#define LINEMEDIAMODE_TELETEX                  0x200u
#define LINEMEDIAMODE_VIDEOTEX                 0x400u
#define LINEMEDIAMODE_TELEX                    0x800u
#define LINEMEDIAMODE_MIXED                    0x1000u
#define LINEMEDIAMODE_ADSI                     0x2000u
#define LINEMEDIAMODE_VOICEVIEW                0x4000u
#define LINEMEDIAMODE_VIDEO                    0x8000u

/* Kinds of offering. */
#define LINEOFFERINGMODE_ACTIVE                0x1u
#define LINEOFFERINGMODE_INACTIVE              0x2u

/* Ways of parking. */
#define LINEPARKMODE_DIRECTED                  0x1u
#define LINEPARKMODE_NONDIRECTED               0x2u

/* Which parties can leave a conference. */
#define LINEREMOVEFROMCONF_NONE                0x1u
#define LINEREMOVEFROMCONF_LAST                0x2u
#define LINEREMOVEFROMCONF_ANY                 0x3u

/* Roaming. */
#define LINEROAMMODE_UNKNOWN                   0x1u
#define LINEROAMMODE_UNAVAIL                   0x2u
#define LINEROAMMODE_HOME                      0x4u
#define LINEROAMMODE_ROAMA                     0x8u
#define LINEROAMMODE_ROAMB                     0x10u

/* Kinds of special information tone. */
#define LINESPECIALINFO_NOCIRCUIT              0x1u
#define LINESPECIALINFO_CUSTIRREG              0x2u
#define LINESPECIALINFO_REORDER                0x4u
#define LINESPECIALINFO_UNKNOWN                0x8u
#define LINESPECIALINFO_UNAVAIL                0x10u

/* Kinds of terminal. */
#define LINETERMDEV_PHONE                      0x1u
#define LINETERMDEV_HEADSET                    0x2u
#define LINETERMDEV_SPEAKER                    0x4u

/* Events of a terminal. */
#define LINETERMMODE_BUTTONS                   0x1u
#define LINETERMMODE_LAMPS                     0x2u
#define LINETERMMODE_DISPLAY                   0x4u
#define LINETERMMODE_RINGER                    0x8u
#define LINETERMMODE_HOOKSWITCH                0x10u
#define LINETERMMODE_MEDIATOLINE               0x20u
#define LINETERMMODE_MEDIAFROMLINE             0x40u
#define LINETERMMODE_MEDIABIDIRECT             0x80u

/* How a terminal is shared. */
#define LINETERMSHARING_PRIVATE                0x1u
#define LINETERMSHARING_SHAREDEXCL             0x2u
#define LINETERMSHARING_SHAREDCONF             0x4u

/* Tones to send. */
#define LINETONEMODE_CUSTOM                    0x1u
#define LINETONEMODE_RINGBACK                  0x2u
#define LINETONEMODE_BUSY                      0x4u
#define LINETONEMODE_BEEP                      0x8u
#define LINETONEMODE_BILLING                   0x10u

/* Ways to complete a transfer. */
#define LINETRANSFERMODE_TRANSFER              0x1u
#define LINETRANSFERMODE_CONFERENCE            0x2u

/* What a provider asks of its host. */
#define LINETSPIOPTION_NONREENTRANT            0x1u

/* Formats of a string. */
#define STRINGFORMAT_ASCII                     0x1u
#define STRINGFORMAT_DBCS                      0x2u
#define STRINGFORMAT_UNICODE                   0x3u
#define STRINGFORMAT_BINARY                    0x4u

/* Objects of a dialog. */
#define TUISPIDLL_OBJECT_LINEID                0x1u
#define TUISPIDLL_OBJECT_PHONEID               0x2u
#define TUISPIDLL_OBJECT_PROVIDERID            0x3u
#define TUISPIDLL_OBJECT_DIALOGINSTANCE        0x4u

/* Functions of a telephone's keys. */
#define PHONEBUTTONFUNCTION_UNKNOWN            0x0u
#define PHONEBUTTONFUNCTION_CONFERENCE         0x1u
#define PHONEBUTTONFUNCTION_TRANSFER           0x2u
#define PHONEBUTTONFUNCTION_DROP               0x3u
#define PHONEBUTTONFUNCTION_HOLD               0x4u
#define PHONEBUTTONFUNCTION_RECALL             0x5u
#define PHONEBUTTONFUNCTION_DISCONNECT         0x6u
#define PHONEBUTTONFUNCTION_CONNECT            0x7u
#define PHONEBUTTONFUNCTION_MSGWAITON          0x8u
#define PHONEBUTTONFUNCTION_MSGWAITOFF         0x9u
#define PHONEBUTTONFUNCTION_SELECTRING         0xau
#define PHONEBUTTONFUNCTION_ABBREVDIAL         0xbu
#define PHONEBUTTONFUNCTION_FORWARD            0xcu
#define PHONEBUTTONFUNCTION_PICKUP             0xdu
#define PHONEBUTTONFUNCTION_RINGAGAIN          0xeu
#define PHONEBUTTONFUNCTION_PARK               0xfu
#define PHONEBUTTONFUNCTION_REJECT             0x10u
#define PHONEBUTTONFUNCTION_REDIRECT           0x11u
#define PHONEBUTTONFUNCTION_MUTE               0x12u
#define PHONEBUTTONFUNCTION_VOLUMEUP           0x13u
#define PHONEBUTTONFUNCTION_VOLUMEDOWN         0x14u
#define PHONEBUTTONFUNCTION_SPEAKERON          0x15u
#define PHONEBUTTONFUNCTION_SPEAKEROFF         0x16u
#define PHONEBUTTONFUNCTION_FLASH              0x17u
#define PHONEBUTTONFUNCTION_DATAON             0x18u
#define PHONEBUTTONFUNCTION_DATAOFF            0x19u
#define PHONEBUTTONFUNCTION_DONOTDISTURB       0x1au
#define PHONEBUTTONFUNCTION_INTERCOM           0x1bu
#define PHONEBUTTONFUNCTION_BRIDGEDAPP         0x1cu
#define PHONEBUTTONFUNCTION_BUSY               0x1du
#define PHONEBUTTONFUNCTION_CALLAPP            0x1eu
#define PHONEBUTTONFUNCTION_DATETIME           0x1fu
#define PHONEBUTTONFUNCTION_DIRECTORY          0x20u
#define PHONEBUTTONFUNCTION_COVER              0x21u
#define PHONEBUTTONFUNCTION_CALLID             0x22u
#define PHONEBUTTONFUNCTION_LASTNUM            0x23u
#define PHONEBUTTONFUNCTION_NIGHTSRV           0x24u
#define PHONEBUTTONFUNCTION_SENDCALLS          0x25u
#define PHONEBUTTONFUNCTION_MSGINDICATOR       0x26u
#define PHONEBUTTONFUNCTION_REPDIAL            0x27u
#define PHONEBUTTONFUNCTION_SETREPDIAL         0x28u
#define PHONEBUTTONFUNCTION_SYSTEMSPEED        0x29u
#define PHONEBUTTONFUNCTION_STATIONSPEED       0x2au
#define PHONEBUTTONFUNCTION_CAMPON             0x2bu
#define PHONEBUTTONFUNCTION_SAVEREPEAT         0x2cu
#define PHONEBUTTONFUNCTION_QUEUECALL          0x2du
#define PHONEBUTTONFUNCTION_NONE               0x2eu
#define PHONEBUTTONFUNCTION_SEND               0x2fu

/* Errors of the phone class. */
#define PHONEERR_ALLOCATED                     0x90000001u
#define PHONEERR_BADDEVICEID                   0x90000002u
#define PHONEERR_INCOMPATIBLEAPIVERSION        0x90000003u
#define PHONEERR_INCOMPATIBLEEXTVERSION        0x90000004u
#define PHONEERR_INIFILECORRUPT                0x90000005u
#define PHONEERR_INUSE                         0x90000006u
#define PHONEERR_INVALAPPHANDLE                0x90000007u
#define PHONEERR_INVALAPPNAME                  0x90000008u
#define PHONEERR_INVALBUTTONLAMPID             0x90000009u
#define PHONEERR_INVALBUTTONMODE               0x9000000au
#define PHONEERR_INVALBUTTONSTATE              0x9000000bu
#define PHONEERR_INVALDATAID                   0x9000000cu
#define PHONEERR_INVALDEVICECLASS              0x9000000du
#define PHONEERR_INVALEXTVERSION               0x9000000eu
#define PHONEERR_INVALHOOKSWITCHDEV            0x9000000fu
#define PHONEERR_INVALHOOKSWITCHMODE           0x90000010u
#define PHONEERR_INVALLAMPMODE                 0x90000011u
#define PHONEERR_INVALPARAM                    0x90000012u
#define PHONEERR_INVALPHONEHANDLE              0x90000013u
#define PHONEERR_INVALPHONESTATE               0x90000014u
#define PHONEERR_INVALPOINTER                  0x90000015u
#define PHONEERR_INVALPRIVILEGE                0x90000016u
#define PHONEERR_INVALRINGMODE                 0x90000017u
#define PHONEERR_NODEVICE                      0x90000018u
#define PHONEERR_NODRIVER                      0x90000019u
#define PHONEERR_NOMEM                         0x9000001au
#define PHONEERR_NOTOWNER                      0x9000001bu
#define PHONEERR_OPERATIONFAILED               0x9000001cu
#define PHONEERR_OPERATIONUNAVAIL              0x9000001du
#define PHONEERR_RESOURCEUNAVAIL               0x9000001fu
#define PHONEERR_REQUESTOVERRUN                0x90000020u
#define PHONEERR_STRUCTURETOOSMALL             0x90000021u
#define PHONEERR_UNINITIALIZED                 0x90000022u
#define PHONEERR_REINIT                        0x90000023u
#define PHONEERR_DISCONNECTED                  0x90000024u
#define PHONEERR_SERVICE_NOT_RUNNING           0x90000025u

/* Errors of the line class. */
#define LINEERR_ALLOCATED                      ((LONG)0x80000001u) /* the line is in use by another program */
#define LINEERR_BADDEVICEID                    ((LONG)0x80000002u) /* no line device has this id */
#define LINEERR_BEARERMODEUNAVAIL              ((LONG)0x80000003u) /* the line does not have this bearer mode now */
#define LINEERR_CALLUNAVAIL                    ((LONG)0x80000005u) /* the line cannot take another call now */
#define LINEERR_COMPLETIONOVERRUN              ((LONG)0x80000006u) /* too many call completions are outstanding */
#define LINEERR_CONFERENCEFULL                 ((LONG)0x80000007u) /* the conference has no room */
#define LINEERR_DIALBILLING                    ((LONG)0x80000008u) /* the line cannot wait for the billing tone ($) */
#define LINEERR_DIALDIALTONE                   ((LONG)0x80000009u) /* the line cannot wait for dial tone (W) */
#define LINEERR_DIALPROMPT                     ((LONG)0x8000000au) /* a dialable address must not contain ? */
#define LINEERR_DIALQUIET                      ((LONG)0x8000000bu) /* the line cannot wait for quiet answer (@) */
#define LINEERR_INCOMPATIBLEAPIVERSION         ((LONG)0x8000000cu) /* no common version */
#define LINEERR_INCOMPATIBLEEXTVERSION         ((LONG)0x8000000du) /* no common extension version */
#define LINEERR_INIFILECORRUPT                 ((LONG)0x8000000eu) /* the configuration cannot be read */
#define LINEERR_INUSE                          ((LONG)0x8000000fu) /* the line is busy with another call */
#define LINEERR_INVALADDRESS                   ((LONG)0x80000010u) /* the address cannot be dialled */
#define LINEERR_INVALADDRESSID                 ((LONG)0x80000011u) /* no such address on the line */
#define LINEERR_INVALADDRESSMODE               ((LONG)0x80000012u) /* not an address mode */
#define LINEERR_INVALADDRESSSTATE              ((LONG)0x80000013u) /* not an address state */
#define LINEERR_INVALAPPHANDLE                 ((LONG)0x80000014u) /* not valid: apphandle */
#define LINEERR_INVALAPPNAME                   ((LONG)0x80000015u) /* not valid: appname */
#define LINEERR_INVALBEARERMODE                ((LONG)0x80000016u) /* not a bearer mode of this line */
#define LINEERR_INVALCALLCOMPLMODE             ((LONG)0x80000017u) /* not valid: callcomplmode */
#define LINEERR_INVALCALLHANDLE                ((LONG)0x80000018u) /* no such call */
#define LINEERR_INVALCALLPARAMS                ((LONG)0x80000019u) /* the call parameters are not usable */
#define LINEERR_INVALCALLPRIVILEGE             ((LONG)0x8000001au) /* not valid: callprivilege */
#define LINEERR_INVALCALLSELECT                ((LONG)0x8000001bu) /* not a call selector */
#define LINEERR_INVALCALLSTATE                 ((LONG)0x8000001cu) /* the call is not in a state for this */
#define LINEERR_INVALCALLSTATELIST             ((LONG)0x8000001du) /* not valid: callstatelist */
#define LINEERR_INVALCARD                      ((LONG)0x8000001eu) /* not valid: card */
#define LINEERR_INVALCOMPLETIONID              ((LONG)0x8000001fu) /* not valid: completionid */
#define LINEERR_INVALCONFCALLHANDLE            ((LONG)0x80000020u) /* not valid: confcallhandle */
#define LINEERR_INVALCONSULTCALLHANDLE         ((LONG)0x80000021u) /* not valid: consultcallhandle */
#define LINEERR_INVALCOUNTRYCODE               ((LONG)0x80000022u) /* not a country code */
#define LINEERR_INVALDEVICECLASS               ((LONG)0x80000023u) /* the line has no such device class */
#define LINEERR_INVALDEVICEHANDLE              ((LONG)0x80000024u) /* not valid: devicehandle */
#define LINEERR_INVALDIALPARAMS                ((LONG)0x80000025u) /* not valid: dialparams */
#define LINEERR_INVALDIGITLIST                 ((LONG)0x80000026u) /* not valid: digitlist */
#define LINEERR_INVALDIGITMODE                 ((LONG)0x80000027u) /* not a digit mode of this line */
#define LINEERR_INVALDIGITS                    ((LONG)0x80000028u) /* these digits cannot be used */
#define LINEERR_INVALEXTVERSION                ((LONG)0x80000029u) /* not valid: extversion */
#define LINEERR_INVALGROUPID                   ((LONG)0x8000002au) /* not valid: groupid */
#define LINEERR_INVALLINEHANDLE                ((LONG)0x8000002bu) /* no such open line */
#define LINEERR_INVALLINESTATE                 ((LONG)0x8000002cu) /* the line is not in a state for this */
#define LINEERR_INVALLOCATION                  ((LONG)0x8000002du) /* not valid: location */
#define LINEERR_INVALMEDIALIST                 ((LONG)0x8000002eu) /* not valid: medialist */
#define LINEERR_INVALMEDIAMODE                 ((LONG)0x8000002fu) /* not a media mode of this line */
#define LINEERR_INVALMESSAGEID                 ((LONG)0x80000030u) /* not valid: messageid */
#define LINEERR_INVALPARAM                     ((LONG)0x80000032u) /* a parameter is out of range */
#define LINEERR_INVALPARKID                    ((LONG)0x80000033u) /* not valid: parkid */
#define LINEERR_INVALPARKMODE                  ((LONG)0x80000034u) /* not valid: parkmode */
#define LINEERR_INVALPOINTER                   ((LONG)0x80000035u) /* a pointer is null or not usable */
#define LINEERR_INVALPRIVSELECT                ((LONG)0x80000036u) /* not valid: privselect */
#define LINEERR_INVALRATE                      ((LONG)0x80000037u) /* not a rate of this line */
#define LINEERR_INVALREQUESTMODE               ((LONG)0x80000038u) /* not valid: requestmode */
#define LINEERR_INVALTERMINALID                ((LONG)0x80000039u) /* not valid: terminalid */
#define LINEERR_INVALTERMINALMODE              ((LONG)0x8000003au) /* not valid: terminalmode */
#define LINEERR_INVALTIMEOUT                   ((LONG)0x8000003bu) /* the timeout is out of range */
#define LINEERR_INVALTONE                      ((LONG)0x8000003cu) /* the tone is not usable */
#define LINEERR_INVALTONELIST                  ((LONG)0x8000003du) /* not valid: tonelist */
#define LINEERR_INVALTONEMODE                  ((LONG)0x8000003eu) /* not a tone mode of this line */
#define LINEERR_INVALTRANSFERMODE              ((LONG)0x8000003fu) /* not valid: transfermode */
#define LINEERR_LINEMAPPERFAILED               ((LONG)0x80000040u) /* linemapperfailed */
#define LINEERR_NOCONFERENCE                   ((LONG)0x80000041u) /* noconference */
#define LINEERR_NODEVICE                       ((LONG)0x80000042u) /* the line has no device of this class */
#define LINEERR_NODRIVER                       ((LONG)0x80000043u) /* the device of this line is gone or does not answer */
#define LINEERR_NOMEM                          ((LONG)0x80000044u) /* out of memory */
#define LINEERR_NOREQUEST                      ((LONG)0x80000045u) /* norequest */
#define LINEERR_NOTOWNER                       ((LONG)0x80000046u) /* notowner */
#define LINEERR_NOTREGISTERED                  ((LONG)0x80000047u) /* notregistered */
#define LINEERR_OPERATIONFAILED                ((LONG)0x80000048u) /* the operation failed */
#define LINEERR_OPERATIONUNAVAIL               ((LONG)0x80000049u) /* this line does not offer the operation */
#define LINEERR_RATEUNAVAIL                    ((LONG)0x8000004au) /* the rate is not available now */
#define LINEERR_RESOURCEUNAVAIL                ((LONG)0x8000004bu) /* a resource is missing: the device was lost or its queue is full */
#define LINEERR_REQUESTOVERRUN                 ((LONG)0x8000004cu) /* requestoverrun */
#define LINEERR_STRUCTURETOOSMALL              ((LONG)0x8000004du) /* the structure is too small for its fixed part */
#define LINEERR_TARGETNOTFOUND                 ((LONG)0x8000004eu) /* targetnotfound */
#define LINEERR_TARGETSELF                     ((LONG)0x8000004fu) /* targetself */
#define LINEERR_UNINITIALIZED                  ((LONG)0x80000050u) /* the provider is not initialised */
#define LINEERR_USERUSERINFOTOOBIG             ((LONG)0x80000051u) /* user-user information is not carried by analog lines */
#define LINEERR_REINIT                         ((LONG)0x80000052u) /* reinit */
#define LINEERR_ADDRESSBLOCKED                 ((LONG)0x80000053u) /* addressblocked */
#define LINEERR_BILLINGREJECTED                ((LONG)0x80000054u) /* billingrejected */
#define LINEERR_INVALFEATURE                   ((LONG)0x80000055u) /* not valid: feature */
#define LINEERR_NOMULTIPLEINSTANCE             ((LONG)0x80000056u) /* the provider runs already */
#define LINEERR_INVALAGENTID                   ((LONG)0x80000057u) /* not valid: agentid */
#define LINEERR_INVALAGENTGROUP                ((LONG)0x80000058u) /* not valid: agentgroup */
#define LINEERR_INVALPASSWORD                  ((LONG)0x80000059u) /* not valid: password */
#define LINEERR_INVALAGENTSTATE                ((LONG)0x8000005au) /* not valid: agentstate */
#define LINEERR_INVALAGENTACTIVITY             ((LONG)0x8000005bu) /* not valid: agentactivity */
#define LINEERR_DIALVOICEDETECT                ((LONG)0x8000005cu) /* dialvoicedetect */
#define LINEERR_USERCANCELLED                  ((LONG)0x8000005du) /* usercancelled */
#define LINEERR_INVALADDRESSTYPE               ((LONG)0x8000005eu) /* not valid: addresstype */
#define LINEERR_INVALAGENTSESSIONSTATE         ((LONG)0x8000005fu) /* not valid: agentsessionstate */
#define LINEERR_DISCONNECTED                   ((LONG)0x80000060u) /* disconnected */
#define LINEERR_SERVICE_NOT_RUNNING            ((LONG)0x80000061u) /* service not running */

#pragma pack(push, 1)

/* Dial parameters, in ms. */
typedef struct LINEDIALPARAMS {
    DWORD dwDialPause;
    DWORD dwDialSpeed;
    DWORD dwDigitDuration;
    DWORD dwWaitForDialtone;
} LINEDIALPARAMS, *LPLINEDIALPARAMS;

/* One forwarding instruction. */
typedef struct LINEFORWARD {
    DWORD dwForwardMode;
    DWORD dwCallerAddressSize;
    DWORD dwCallerAddressOffset;
    DWORD dwDestCountryCode;
    DWORD dwDestAddressSize;
    DWORD dwDestAddressOffset;
#if TAPI_CURRENT_VERSION >= 0x00030001
    DWORD dwCallerAddressType;
    DWORD dwDestAddressType;
#endif
} LINEFORWARD, *LPLINEFORWARD;

/* What a line can do. */
typedef struct LINEDEVCAPS {
    DWORD dwTotalSize;
    DWORD dwNeededSize;
    DWORD dwUsedSize;
    DWORD dwProviderInfoSize;
    DWORD dwProviderInfoOffset;
    DWORD dwSwitchInfoSize;
    DWORD dwSwitchInfoOffset;
    DWORD dwPermanentLineID;
    DWORD dwLineNameSize;
    DWORD dwLineNameOffset;
    DWORD dwStringFormat;
    DWORD dwAddressModes;
    DWORD dwNumAddresses;
    DWORD dwBearerModes;
    DWORD dwMaxRate;
    DWORD dwMediaModes;
    DWORD dwGenerateToneModes;
    DWORD dwGenerateToneMaxNumFreq;
    DWORD dwGenerateDigitModes;
    DWORD dwMonitorToneMaxNumFreq;
    DWORD dwMonitorToneMaxNumEntries;
    DWORD dwMonitorDigitModes;
    DWORD dwGatherDigitsMinTimeout;
    DWORD dwGatherDigitsMaxTimeout;
    DWORD dwMedCtlDigitMaxListSize;
    DWORD dwMedCtlMediaMaxListSize;
    DWORD dwMedCtlToneMaxListSize;
    DWORD dwMedCtlCallStateMaxListSize;
    DWORD dwDevCapFlags;
    DWORD dwMaxNumActiveCalls;
    DWORD dwAnswerMode;
    DWORD dwRingModes;
    DWORD dwLineStates;
    DWORD dwUUIAcceptSize;
    DWORD dwUUIAnswerSize;
    DWORD dwUUIMakeCallSize;
    DWORD dwUUIDropSize;
    DWORD dwUUISendUserUserInfoSize;
    DWORD dwUUICallInfoSize;
    LINEDIALPARAMS MinDialParams;
    LINEDIALPARAMS MaxDialParams;
    LINEDIALPARAMS DefaultDialParams;
    DWORD dwNumTerminals;
    DWORD dwTerminalCapsSize;
    DWORD dwTerminalCapsOffset;
    DWORD dwTerminalTextEntrySize;
    DWORD dwTerminalTextSize;
    DWORD dwTerminalTextOffset;
    DWORD dwDevSpecificSize;
    DWORD dwDevSpecificOffset;
#if TAPI_CURRENT_VERSION >= 0x00010004
    DWORD dwLineFeatures;
#endif
#if TAPI_CURRENT_VERSION >= 0x00020000
    DWORD dwSettableDevStatus;
    DWORD dwDeviceClassesSize;
    DWORD dwDeviceClassesOffset;
#endif
#if TAPI_CURRENT_VERSION >= 0x00020002
    GUID PermanentLineGuid;
#endif
#if TAPI_CURRENT_VERSION >= 0x00030000
    DWORD dwAddressTypes;
    GUID ProtocolGuid;
    DWORD dwAvailableTracking;
#endif
} LINEDEVCAPS, *LPLINEDEVCAPS;

/* What an address can do. */
typedef struct LINEADDRESSCAPS {
    DWORD dwTotalSize;
    DWORD dwNeededSize;
    DWORD dwUsedSize;
    DWORD dwLineDeviceID;
    DWORD dwAddressSize;
    DWORD dwAddressOffset;
    DWORD dwDevSpecificSize;
    DWORD dwDevSpecificOffset;
    DWORD dwAddressSharing;
    DWORD dwAddressStates;
    DWORD dwCallInfoStates;
    DWORD dwCallerIDFlags;
    DWORD dwCalledIDFlags;
    DWORD dwConnectedIDFlags;
    DWORD dwRedirectionIDFlags;
    DWORD dwRedirectingIDFlags;
    DWORD dwCallStates;
    DWORD dwDialToneModes;
    DWORD dwBusyModes;
    DWORD dwSpecialInfo;
    DWORD dwDisconnectModes;
    DWORD dwMaxNumActiveCalls;
    DWORD dwMaxNumOnHoldCalls;
    DWORD dwMaxNumOnHoldPendingCalls;
    DWORD dwMaxNumConference;
    DWORD dwMaxNumTransConf;
    DWORD dwAddrCapFlags;
    DWORD dwCallFeatures;
    DWORD dwRemoveFromConfCaps;
    DWORD dwRemoveFromConfState;
    DWORD dwTransferModes;
    DWORD dwParkModes;
    DWORD dwForwardModes;
    DWORD dwMaxForwardEntries;
    DWORD dwMaxSpecificEntries;
    DWORD dwMinFwdNumRings;
    DWORD dwMaxFwdNumRings;
    DWORD dwMaxCallCompletions;
    DWORD dwCallCompletionConds;
    DWORD dwCallCompletionModes;
    DWORD dwNumCompletionMessages;
    DWORD dwCompletionMsgTextEntrySize;
    DWORD dwCompletionMsgTextSize;
    DWORD dwCompletionMsgTextOffset;
#if TAPI_CURRENT_VERSION >= 0x00010004
    DWORD dwAddressFeatures;
#endif
#if TAPI_CURRENT_VERSION >= 0x00020000
    DWORD dwPredictiveAutoTransferStates;
    DWORD dwNumCallTreatments;
    DWORD dwCallTreatmentListSize;
    DWORD dwCallTreatmentListOffset;
    DWORD dwDeviceClassesSize;
    DWORD dwDeviceClassesOffset;
    DWORD dwMaxCallDataSize;
    DWORD dwCallFeatures2;
    DWORD dwMaxNoAnswerTimeout;
    DWORD dwConnectedModes;
    DWORD dwOfferingModes;
    DWORD dwAvailableMediaModes;
#endif
} LINEADDRESSCAPS, *LPLINEADDRESSCAPS;

/* Information about a call. */
typedef struct LINECALLINFO {
    DWORD dwTotalSize;
    DWORD dwNeededSize;
    DWORD dwUsedSize;
    HLINE hLine;
    DWORD dwLineDeviceID;
    DWORD dwAddressID;
    DWORD dwBearerMode;
    DWORD dwRate;
    DWORD dwMediaMode;
    DWORD dwAppSpecific;
    DWORD dwCallID;
    DWORD dwRelatedCallID;
    DWORD dwCallParamFlags;
    DWORD dwCallStates;
    DWORD dwMonitorDigitModes;
    DWORD dwMonitorMediaModes;
    LINEDIALPARAMS DialParams;
    DWORD dwOrigin;
    DWORD dwReason;
    DWORD dwCompletionID;
    DWORD dwNumOwners;
    DWORD dwNumMonitors;
    DWORD dwCountryCode;
    DWORD dwTrunk;
    DWORD dwCallerIDFlags;
    DWORD dwCallerIDSize;
    DWORD dwCallerIDOffset;
    DWORD dwCallerIDNameSize;
    DWORD dwCallerIDNameOffset;
    DWORD dwCalledIDFlags;
    DWORD dwCalledIDSize;
    DWORD dwCalledIDOffset;
    DWORD dwCalledIDNameSize;
    DWORD dwCalledIDNameOffset;
    DWORD dwConnectedIDFlags;
    DWORD dwConnectedIDSize;
    DWORD dwConnectedIDOffset;
    DWORD dwConnectedIDNameSize;
    DWORD dwConnectedIDNameOffset;
    DWORD dwRedirectionIDFlags;
    DWORD dwRedirectionIDSize;
    DWORD dwRedirectionIDOffset;
    DWORD dwRedirectionIDNameSize;
    DWORD dwRedirectionIDNameOffset;
    DWORD dwRedirectingIDFlags;
    DWORD dwRedirectingIDSize;
    DWORD dwRedirectingIDOffset;
    DWORD dwRedirectingIDNameSize;
    DWORD dwRedirectingIDNameOffset;
    DWORD dwAppNameSize;
    DWORD dwAppNameOffset;
    DWORD dwDisplayableAddressSize;
    DWORD dwDisplayableAddressOffset;
    DWORD dwCalledPartySize;
    DWORD dwCalledPartyOffset;
    DWORD dwCommentSize;
    DWORD dwCommentOffset;
    DWORD dwDisplaySize;
    DWORD dwDisplayOffset;
    DWORD dwUserUserInfoSize;
    DWORD dwUserUserInfoOffset;
    DWORD dwHighLevelCompSize;
    DWORD dwHighLevelCompOffset;
    DWORD dwLowLevelCompSize;
    DWORD dwLowLevelCompOffset;
    DWORD dwChargingInfoSize;
    DWORD dwChargingInfoOffset;
    DWORD dwTerminalModesSize;
    DWORD dwTerminalModesOffset;
    DWORD dwDevSpecificSize;
    DWORD dwDevSpecificOffset;
#if TAPI_CURRENT_VERSION >= 0x00020000
    DWORD dwCallTreatment;
    DWORD dwCallDataSize;
    DWORD dwCallDataOffset;
    DWORD dwSendingFlowspecSize;
    DWORD dwSendingFlowspecOffset;
    DWORD dwReceivingFlowspecSize;
    DWORD dwReceivingFlowspecOffset;
#endif
#if TAPI_CURRENT_VERSION >= 0x00030000
    DWORD dwCallerIDAddressType;
    DWORD dwCalledIDAddressType;
    DWORD dwConnectedIDAddressType;
    DWORD dwRedirectionIDAddressType;
    DWORD dwRedirectingIDAddressType;
#endif
} LINECALLINFO, *LPLINECALLINFO;

/* State of a call. */
typedef struct LINECALLSTATUS {
    DWORD dwTotalSize;
    DWORD dwNeededSize;
    DWORD dwUsedSize;
    DWORD dwCallState;
    DWORD dwCallStateMode;
    DWORD dwCallPrivilege;
    DWORD dwCallFeatures;
    DWORD dwDevSpecificSize;
    DWORD dwDevSpecificOffset;
#if TAPI_CURRENT_VERSION >= 0x00020000
    DWORD dwCallFeatures2;
    SYSTEMTIME tStateEntryTime;
#endif
} LINECALLSTATUS, *LPLINECALLSTATUS;

/* Parameters of a call to be made. */
typedef struct LINECALLPARAMS {
    DWORD dwTotalSize;
    DWORD dwBearerMode;
    DWORD dwMinRate;
    DWORD dwMaxRate;
    DWORD dwMediaMode;
    DWORD dwCallParamFlags;
    DWORD dwAddressMode;
    DWORD dwAddressID;
    LINEDIALPARAMS DialParams;
    DWORD dwOrigAddressSize;
    DWORD dwOrigAddressOffset;
    DWORD dwDisplayableAddressSize;
    DWORD dwDisplayableAddressOffset;
    DWORD dwCalledPartySize;
    DWORD dwCalledPartyOffset;
    DWORD dwCommentSize;
    DWORD dwCommentOffset;
    DWORD dwUserUserInfoSize;
    DWORD dwUserUserInfoOffset;
    DWORD dwHighLevelCompSize;
    DWORD dwHighLevelCompOffset;
    DWORD dwLowLevelCompSize;
    DWORD dwLowLevelCompOffset;
    DWORD dwDevSpecificSize;
    DWORD dwDevSpecificOffset;
#if TAPI_CURRENT_VERSION >= 0x00020000
    DWORD dwPredictiveAutoTransferStates;
    DWORD dwTargetAddressSize;
    DWORD dwTargetAddressOffset;
    DWORD dwSendingFlowspecSize;
    DWORD dwSendingFlowspecOffset;
    DWORD dwReceivingFlowspecSize;
    DWORD dwReceivingFlowspecOffset;
    DWORD dwDeviceClassSize;
    DWORD dwDeviceClassOffset;
    DWORD dwDeviceConfigSize;
    DWORD dwDeviceConfigOffset;
    DWORD dwCallDataSize;
    DWORD dwCallDataOffset;
    DWORD dwNoAnswerTimeout;
    DWORD dwCallingPartyIDSize;
    DWORD dwCallingPartyIDOffset;
#endif
#if TAPI_CURRENT_VERSION >= 0x00030000
    DWORD dwAddressType;
#endif
} LINECALLPARAMS, *LPLINECALLPARAMS;

/* State of a line. */
typedef struct LINEDEVSTATUS {
    DWORD dwTotalSize;
    DWORD dwNeededSize;
    DWORD dwUsedSize;
    DWORD dwNumOpens;
    DWORD dwOpenMediaModes;
    DWORD dwNumActiveCalls;
    DWORD dwNumOnHoldCalls;
    DWORD dwNumOnHoldPendCalls;
    DWORD dwLineFeatures;
    DWORD dwNumCallCompletions;
    DWORD dwRingMode;
    DWORD dwSignalLevel;
    DWORD dwBatteryLevel;
    DWORD dwRoamMode;
    DWORD dwDevStatusFlags;
    DWORD dwTerminalModesSize;
    DWORD dwTerminalModesOffset;
    DWORD dwDevSpecificSize;
    DWORD dwDevSpecificOffset;
#if TAPI_CURRENT_VERSION >= 0x00020000
    DWORD dwAvailableMediaModes;
    DWORD dwAppInfoSize;
    DWORD dwAppInfoOffset;
#endif
} LINEDEVSTATUS, *LPLINEDEVSTATUS;

/* State of an address. */
typedef struct LINEADDRESSSTATUS {
    DWORD dwTotalSize;
    DWORD dwNeededSize;
    DWORD dwUsedSize;
    DWORD dwNumInUse;
    DWORD dwNumActiveCalls;
    DWORD dwNumOnHoldCalls;
    DWORD dwNumOnHoldPendCalls;
    DWORD dwAddressFeatures;
    DWORD dwNumRingsNoAnswer;
    DWORD dwForwardNumEntries;
    DWORD dwForwardSize;
    DWORD dwForwardOffset;
    DWORD dwTerminalModesSize;
    DWORD dwTerminalModesOffset;
    DWORD dwDevSpecificSize;
    DWORD dwDevSpecificOffset;
} LINEADDRESSSTATUS, *LPLINEADDRESSSTATUS;

/* A component of a tone to send. */
typedef struct LINEGENERATETONE {
    DWORD dwFrequency;
    DWORD dwCadenceOn;
    DWORD dwCadenceOff;
    DWORD dwVolume;
} LINEGENERATETONE, *LPLINEGENERATETONE;

/* A tone to watch for. */
typedef struct LINEMONITORTONE {
    DWORD dwAppSpecific;
    DWORD dwDuration;
    DWORD dwFrequency1;
    DWORD dwFrequency2;
    DWORD dwFrequency3;
} LINEMONITORTONE, *LPLINEMONITORTONE;

/* Forwarding instructions. */
typedef struct LINEFORWARDLIST {
    DWORD dwTotalSize;
    DWORD dwNumEntries;
    LINEFORWARD ForwardList[1];
} LINEFORWARDLIST, *LPLINEFORWARDLIST;

/* Names a set of extensions. */
typedef struct LINEEXTENSIONID {
    DWORD dwExtensionID0;
    DWORD dwExtensionID1;
    DWORD dwExtensionID2;
    DWORD dwExtensionID3;
} LINEEXTENSIONID, *LPLINEEXTENSIONID;

/* A string, or bytes, of any length. */
typedef struct VARSTRING {
    DWORD dwTotalSize;
    DWORD dwNeededSize;
    DWORD dwUsedSize;
    DWORD dwStringFormat;
    DWORD dwStringSize;
    DWORD dwStringOffset;
} VARSTRING, *LPVARSTRING;

/* What a terminal is. */
typedef struct LINETERMCAPS {
    DWORD dwTermDev;
    DWORD dwTermModes;
    DWORD dwTermSharing;
} LINETERMCAPS, *LPLINETERMCAPS;

/* A digit that triggers media control. */
typedef struct LINEMEDIACONTROLDIGIT {
    DWORD dwDigit;
    DWORD dwDigitModes;
    DWORD dwMediaControl;
} LINEMEDIACONTROLDIGIT, *LPLINEMEDIACONTROLDIGIT;

/* A medium that triggers media control. */
typedef struct LINEMEDIACONTROLMEDIA {
    DWORD dwMediaModes;
    DWORD dwDuration;
    DWORD dwMediaControl;
} LINEMEDIACONTROLMEDIA, *LPLINEMEDIACONTROLMEDIA;

/* A tone that triggers media control. */
typedef struct LINEMEDIACONTROLTONE {
    DWORD dwAppSpecific;
    DWORD dwDuration;
    DWORD dwFrequency1;
    DWORD dwFrequency2;
    DWORD dwFrequency3;
    DWORD dwMediaControl;
} LINEMEDIACONTROLTONE, *LPLINEMEDIACONTROLTONE;

/* A call state that triggers media control. */
typedef struct LINEMEDIACONTROLCALLSTATE {
    DWORD dwCallStates;
    DWORD dwMediaControl;
} LINEMEDIACONTROLCALLSTATE, *LPLINEMEDIACONTROLCALLSTATE;

/* A treatment of unanswered calls. */
typedef struct LINECALLTREATMENTENTRY {
    DWORD dwCallTreatmentID;
    DWORD dwCallTreatmentNameSize;
    DWORD dwCallTreatmentNameOffset;
} LINECALLTREATMENTENTRY, *LPLINECALLTREATMENTENTRY;

/* A program that has the line open. */
typedef struct LINEAPPINFO {
    DWORD dwMachineNameSize;
    DWORD dwMachineNameOffset;
    DWORD dwUserNameSize;
    DWORD dwUserNameOffset;
    DWORD dwModuleFilenameSize;
    DWORD dwModuleFilenameOffset;
    DWORD dwFriendlyNameSize;
    DWORD dwFriendlyNameOffset;
    DWORD dwMediaModes;
    DWORD dwAddressID;
} LINEAPPINFO, *LPLINEAPPINFO;

/* Tracking of call hubs (3.0). */
typedef struct LINECALLHUBTRACKINGINFO {
    DWORD dwTotalSize;
    DWORD dwNeededSize;
    DWORD dwUsedSize;
    DWORD dwAvailableTracking;
    DWORD dwCurrentTracking;
} LINECALLHUBTRACKINGINFO, *LPLINECALLHUBTRACKINGINFO;

/* A message as programs get it. */
typedef struct LINEMESSAGE {
    DWORD hDevice;
    DWORD dwMessageID;
    DWORD_PTR dwCallbackInstance;
    DWORD_PTR dwParam1;
    DWORD_PTR dwParam2;
    DWORD_PTR dwParam3;
} LINEMESSAGE, *LPLINEMESSAGE;

#pragma pack(pop)

#ifdef __cplusplus
}
#endif

#endif
