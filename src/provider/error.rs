//! The LINEERR codes: code, published name, sentence. One table for the whole project.

use core::fmt;

macro_rules! line_errors {
    ($($name:ident = $code:literal, $published:literal, $text:literal;)*) => {
        impl LineErr {
            $(
                #[doc = concat!("`", $published, "`: ", $text, ".")]
                pub const $name: Self = Self($code as i32);
            )*

            /// Every code with its published name and its sentence.
            pub const ALL: &'static [(Self, &'static str, &'static str)] =
                &[$((Self::$name, $published, $text)),*];
        }
    };
}

/// An error of the telephony interface, as a host sees it. Always negative.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LineErr(i32);

impl LineErr {
    /// The code, negative.
    pub const fn code(self) -> i32 {
        self.0
    }

    /// The error with this code.
    pub fn from_code(code: i32) -> Option<Self> {
        Self::ALL.iter().map(|row| row.0).find(|e| e.0 == code)
    }

    /// The published name, `LINEERR_...`.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|row| row.0 == self).map_or("LINEERR_?", |row| row.1)
    }

    /// What it means, in a sentence without full stop.
    pub fn sentence(self) -> &'static str {
        Self::ALL.iter().find(|row| row.0 == self).map_or("unknown error", |row| row.2)
    }
}

impl fmt::Debug for LineErr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for LineErr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.sentence(), self.name())
    }
}

impl core::error::Error for LineErr {}

// The numbers are those of the published tapi.h.
line_errors! {
    ALLOCATED = 0x80000001_u32, "LINEERR_ALLOCATED", "the line is in use by another program";
    BADDEVICEID = 0x80000002_u32, "LINEERR_BADDEVICEID", "no line device has this id";
    BEARERMODEUNAVAIL = 0x80000003_u32, "LINEERR_BEARERMODEUNAVAIL", "the line does not have this bearer mode now";
    CALLUNAVAIL = 0x80000005_u32, "LINEERR_CALLUNAVAIL", "the line cannot take another call now";
    COMPLETIONOVERRUN = 0x80000006_u32, "LINEERR_COMPLETIONOVERRUN", "too many call completions are outstanding";
    CONFERENCEFULL = 0x80000007_u32, "LINEERR_CONFERENCEFULL", "the conference has no room";
    DIALBILLING = 0x80000008_u32, "LINEERR_DIALBILLING", "the line cannot wait for the billing tone ($)";
    DIALDIALTONE = 0x80000009_u32, "LINEERR_DIALDIALTONE", "the line cannot wait for dial tone (W)";
    DIALPROMPT = 0x8000000a_u32, "LINEERR_DIALPROMPT", "a dialable address must not contain ?";
    DIALQUIET = 0x8000000b_u32, "LINEERR_DIALQUIET", "the line cannot wait for quiet answer (@)";
    INCOMPATIBLEAPIVERSION = 0x8000000c_u32, "LINEERR_INCOMPATIBLEAPIVERSION", "no common version";
    INCOMPATIBLEEXTVERSION = 0x8000000d_u32, "LINEERR_INCOMPATIBLEEXTVERSION", "no common extension version";
    INIFILECORRUPT = 0x8000000e_u32, "LINEERR_INIFILECORRUPT", "the configuration cannot be read";
    INUSE = 0x8000000f_u32, "LINEERR_INUSE", "the line is busy with another call";
    INVALADDRESS = 0x80000010_u32, "LINEERR_INVALADDRESS", "the address cannot be dialled";
    INVALADDRESSID = 0x80000011_u32, "LINEERR_INVALADDRESSID", "no such address on the line";
    INVALADDRESSMODE = 0x80000012_u32, "LINEERR_INVALADDRESSMODE", "not an address mode";
    INVALADDRESSSTATE = 0x80000013_u32, "LINEERR_INVALADDRESSSTATE", "not an address state";
    INVALAPPHANDLE = 0x80000014_u32, "LINEERR_INVALAPPHANDLE", "not valid: apphandle";
    INVALAPPNAME = 0x80000015_u32, "LINEERR_INVALAPPNAME", "not valid: appname";
    INVALBEARERMODE = 0x80000016_u32, "LINEERR_INVALBEARERMODE", "not a bearer mode of this line";
    INVALCALLCOMPLMODE = 0x80000017_u32, "LINEERR_INVALCALLCOMPLMODE", "not valid: callcomplmode";
    INVALCALLHANDLE = 0x80000018_u32, "LINEERR_INVALCALLHANDLE", "no such call";
    INVALCALLPARAMS = 0x80000019_u32, "LINEERR_INVALCALLPARAMS", "the call parameters are not usable";
    INVALCALLPRIVILEGE = 0x8000001a_u32, "LINEERR_INVALCALLPRIVILEGE", "not valid: callprivilege";
    INVALCALLSELECT = 0x8000001b_u32, "LINEERR_INVALCALLSELECT", "not a call selector";
    INVALCALLSTATE = 0x8000001c_u32, "LINEERR_INVALCALLSTATE", "the call is not in a state for this";
    INVALCALLSTATELIST = 0x8000001d_u32, "LINEERR_INVALCALLSTATELIST", "not valid: callstatelist";
    INVALCARD = 0x8000001e_u32, "LINEERR_INVALCARD", "not valid: card";
    INVALCOMPLETIONID = 0x8000001f_u32, "LINEERR_INVALCOMPLETIONID", "not valid: completionid";
    INVALCONFCALLHANDLE = 0x80000020_u32, "LINEERR_INVALCONFCALLHANDLE", "not valid: confcallhandle";
    INVALCONSULTCALLHANDLE = 0x80000021_u32, "LINEERR_INVALCONSULTCALLHANDLE", "not valid: consultcallhandle";
    INVALCOUNTRYCODE = 0x80000022_u32, "LINEERR_INVALCOUNTRYCODE", "not a country code";
    INVALDEVICECLASS = 0x80000023_u32, "LINEERR_INVALDEVICECLASS", "the line has no such device class";
    INVALDEVICEHANDLE = 0x80000024_u32, "LINEERR_INVALDEVICEHANDLE", "not valid: devicehandle";
    INVALDIALPARAMS = 0x80000025_u32, "LINEERR_INVALDIALPARAMS", "not valid: dialparams";
    INVALDIGITLIST = 0x80000026_u32, "LINEERR_INVALDIGITLIST", "not valid: digitlist";
    INVALDIGITMODE = 0x80000027_u32, "LINEERR_INVALDIGITMODE", "not a digit mode of this line";
    INVALDIGITS = 0x80000028_u32, "LINEERR_INVALDIGITS", "these digits cannot be used";
    INVALEXTVERSION = 0x80000029_u32, "LINEERR_INVALEXTVERSION", "not valid: extversion";
    INVALGROUPID = 0x8000002a_u32, "LINEERR_INVALGROUPID", "not valid: groupid";
    INVALLINEHANDLE = 0x8000002b_u32, "LINEERR_INVALLINEHANDLE", "no such open line";
    INVALLINESTATE = 0x8000002c_u32, "LINEERR_INVALLINESTATE", "the line is not in a state for this";
    INVALLOCATION = 0x8000002d_u32, "LINEERR_INVALLOCATION", "not valid: location";
    INVALMEDIALIST = 0x8000002e_u32, "LINEERR_INVALMEDIALIST", "not valid: medialist";
    INVALMEDIAMODE = 0x8000002f_u32, "LINEERR_INVALMEDIAMODE", "not a media mode of this line";
    INVALMESSAGEID = 0x80000030_u32, "LINEERR_INVALMESSAGEID", "not valid: messageid";
    INVALPARAM = 0x80000032_u32, "LINEERR_INVALPARAM", "a parameter is out of range";
    INVALPARKID = 0x80000033_u32, "LINEERR_INVALPARKID", "not valid: parkid";
    INVALPARKMODE = 0x80000034_u32, "LINEERR_INVALPARKMODE", "not valid: parkmode";
    INVALPOINTER = 0x80000035_u32, "LINEERR_INVALPOINTER", "a pointer is null or not usable";
    INVALPRIVSELECT = 0x80000036_u32, "LINEERR_INVALPRIVSELECT", "not valid: privselect";
    INVALRATE = 0x80000037_u32, "LINEERR_INVALRATE", "not a rate of this line";
    INVALREQUESTMODE = 0x80000038_u32, "LINEERR_INVALREQUESTMODE", "not valid: requestmode";
    INVALTERMINALID = 0x80000039_u32, "LINEERR_INVALTERMINALID", "not valid: terminalid";
    INVALTERMINALMODE = 0x8000003a_u32, "LINEERR_INVALTERMINALMODE", "not valid: terminalmode";
    INVALTIMEOUT = 0x8000003b_u32, "LINEERR_INVALTIMEOUT", "the timeout is out of range";
    INVALTONE = 0x8000003c_u32, "LINEERR_INVALTONE", "the tone is not usable";
    INVALTONELIST = 0x8000003d_u32, "LINEERR_INVALTONELIST", "not valid: tonelist";
    INVALTONEMODE = 0x8000003e_u32, "LINEERR_INVALTONEMODE", "not a tone mode of this line";
    INVALTRANSFERMODE = 0x8000003f_u32, "LINEERR_INVALTRANSFERMODE", "not valid: transfermode";
    LINEMAPPERFAILED = 0x80000040_u32, "LINEERR_LINEMAPPERFAILED", "linemapperfailed";
    NOCONFERENCE = 0x80000041_u32, "LINEERR_NOCONFERENCE", "noconference";
    NODEVICE = 0x80000042_u32, "LINEERR_NODEVICE", "the line has no device of this class";
    NODRIVER = 0x80000043_u32, "LINEERR_NODRIVER", "the device of this line is gone or does not answer";
    NOMEM = 0x80000044_u32, "LINEERR_NOMEM", "out of memory";
    NOREQUEST = 0x80000045_u32, "LINEERR_NOREQUEST", "norequest";
    NOTOWNER = 0x80000046_u32, "LINEERR_NOTOWNER", "notowner";
    NOTREGISTERED = 0x80000047_u32, "LINEERR_NOTREGISTERED", "notregistered";
    OPERATIONFAILED = 0x80000048_u32, "LINEERR_OPERATIONFAILED", "the operation failed";
    OPERATIONUNAVAIL = 0x80000049_u32, "LINEERR_OPERATIONUNAVAIL", "this line does not offer the operation";
    RATEUNAVAIL = 0x8000004a_u32, "LINEERR_RATEUNAVAIL", "the rate is not available now";
    RESOURCEUNAVAIL = 0x8000004b_u32, "LINEERR_RESOURCEUNAVAIL", "a resource is missing: the device was lost or its queue is full";
    REQUESTOVERRUN = 0x8000004c_u32, "LINEERR_REQUESTOVERRUN", "requestoverrun";
    STRUCTURETOOSMALL = 0x8000004d_u32, "LINEERR_STRUCTURETOOSMALL", "the structure is too small for its fixed part";
    TARGETNOTFOUND = 0x8000004e_u32, "LINEERR_TARGETNOTFOUND", "targetnotfound";
    TARGETSELF = 0x8000004f_u32, "LINEERR_TARGETSELF", "targetself";
    UNINITIALIZED = 0x80000050_u32, "LINEERR_UNINITIALIZED", "the provider is not initialised";
    USERUSERINFOTOOBIG = 0x80000051_u32, "LINEERR_USERUSERINFOTOOBIG", "user-user information is not carried by analog lines";
    REINIT = 0x80000052_u32, "LINEERR_REINIT", "reinit";
    ADDRESSBLOCKED = 0x80000053_u32, "LINEERR_ADDRESSBLOCKED", "addressblocked";
    BILLINGREJECTED = 0x80000054_u32, "LINEERR_BILLINGREJECTED", "billingrejected";
    INVALFEATURE = 0x80000055_u32, "LINEERR_INVALFEATURE", "not valid: feature";
    NOMULTIPLEINSTANCE = 0x80000056_u32, "LINEERR_NOMULTIPLEINSTANCE", "the provider runs already";
    INVALAGENTID = 0x80000057_u32, "LINEERR_INVALAGENTID", "not valid: agentid";
    INVALAGENTGROUP = 0x80000058_u32, "LINEERR_INVALAGENTGROUP", "not valid: agentgroup";
    INVALPASSWORD = 0x80000059_u32, "LINEERR_INVALPASSWORD", "not valid: password";
    INVALAGENTSTATE = 0x8000005a_u32, "LINEERR_INVALAGENTSTATE", "not valid: agentstate";
    INVALAGENTACTIVITY = 0x8000005b_u32, "LINEERR_INVALAGENTACTIVITY", "not valid: agentactivity";
    DIALVOICEDETECT = 0x8000005c_u32, "LINEERR_DIALVOICEDETECT", "dialvoicedetect";
    USERCANCELLED = 0x8000005d_u32, "LINEERR_USERCANCELLED", "usercancelled";
    INVALADDRESSTYPE = 0x8000005e_u32, "LINEERR_INVALADDRESSTYPE", "not valid: addresstype";
    INVALAGENTSESSIONSTATE = 0x8000005f_u32, "LINEERR_INVALAGENTSESSIONSTATE", "not valid: agentsessionstate";
    DISCONNECTED = 0x80000060_u32, "LINEERR_DISCONNECTED", "disconnected";
    SERVICE_NOT_RUNNING = 0x80000061_u32, "LINEERR_SERVICE_NOT_RUNNING", "service not running";
}
