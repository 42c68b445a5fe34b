//! The documents that facts of the built-in plans were read in, or would be found in.

use crate::plan::Source;

/// All of them.
pub(in crate::plan) static SOURCES: &[Source] = &[
    Source {
        id: "gr506",
        document: "Telcordia GR-506-CORE, LSSGR: Signaling for Analog Interfaces (outline seen; values from knowledge)",
    },
    Source {
        id: "lssgr",
        document: "Telcordia LSSGR feature documents: GR-571 Call Waiting, TR-577 Three-Way Calling, GR-580 Call Forwarding Variable, GR-586 CF subfeatures, TR-572 Cancel Call Waiting, GR-590 Call Pickup, GR-579 Add-on Transfer and Conference, GR-215 Automatic Callback, GR-227 Automatic Recall, GR-391 CID blocking, GR-575 CIDCW, GR-416 Call Waiting Deluxe, GR-219 Distinctive Ringing, GR-1401 VMWI",
    },
    Source {
        id: "vsc",
        document: "NANPA vertical service code assignments (ATIS-0300058 guideline; list as mirrored in the FreeSWITCH NANPA project page)",
    },
    Source {
        id: "ilec-cf",
        document: "Subscriber instructions for call forwarding: PSC (psci.net), CloseCall, NDTC, Champlain, Perry-Spencer, Kalida",
    },
    Source {
        id: "ilec-3w",
        document: "Subscriber instructions for three-way calling: Cincinnati Bell, FairPoint, MetroNet, NDTC, ATC, KMTS, WCTA, Bektel",
    },
    Source {
        id: "ilec-cw",
        document: "Subscriber instructions for call waiting / cancel call waiting: Foremost, GCI, CRMU, Birch, Norvado, VTC",
    },
    Source {
        id: "ilec-cb",
        document: "Subscriber instructions for automatic callback and call return: DISH wireline, Horizontel, Socantel, Rogers, CTComm, NRTC/WTC",
    },
    Source { id: "ga-bb", document: "Georgia Broadband in-call services user guide" },
    Source { id: "teltone", document: "Teltone TLS-5 line simulator manual (call waiting and cancel call waiting)" },
    Source {
        id: "merlin",
        document: "AT&T Merlin / Lucent system programming guide, Recall Timer Duration; Centrex operation chapter",
    },
    Source { id: "case", document: "Case Western Reserve University, telephone line features for Centrex phones" },
    Source {
        id: "ets738",
        document: "ETSI prETS 300 738 (1997), minimum man-machine interface to public network supplementary services (title and front matter seen; values from knowledge)",
    },
    Source { id: "etr160", document: "ETSI ETR 160 / CEPT T/CAC 02 service-code scheme" },
    Source { id: "3gpp", document: "3GPP TS 22.030 annex B and clause 6.5.5 (the same code scheme in mobile form)" },
    Source {
        id: "etsi-ntp",
        document: "ETSI ES 201 970 / EG 201 188 / TBR 21 / ES 203 021 analogue interface documents (titles seen)",
    },
    Source {
        id: "bt-faq",
        document: "uk.telecom BT network services guide (gbnet) and its code summary (System X / System Y)",
    },
    Source { id: "bt-div", document: "BT Call Diversion table (sjgl.co.uk)" },
    Source {
        id: "bt-sin",
        document: "BT SIN 351 / SIN 352 (analogue line interface), SIN 227 / SIN 242 (calling line identity); SIN 352 front matter seen",
    },
    Source { id: "bt-ie", document: "BT Ireland support: Call Waiting" },
    Source { id: "bt-inw", document: "INW Comms call waiting page (BT analogue lines)" },
    Source { id: "bt-ult", document: "BT Ultimate 106 PBX user guide (call waiting through a PBX)" },
    Source { id: "tesco", document: "Tesco home phone FAQ (BT wholesale line features)" },
    Source { id: "sure", document: "Sure Falkland Islands special numbers and features (UK-style exchange)" },
    Source { id: "de-tel", document: "teltarif 2009, overview of T-Home line features" },
    Source { id: "de-aeg", document: "AEG telephone manuals (Premio 500, Spirit 500), T-Net functions" },
    Source { id: "de-gre", document: "greher.de, T-Net functions on digital exchanges" },
    Source { id: "de-hus", document: "husvedvf.de, service commands for telephony" },
    Source {
        id: "fr-sti",
        document: "France Telecom STI 2 ed. 5, supplementary services on analogue lines (title page seen; values from knowledge)",
    },
    Source {
        id: "jp-sharp",
        document: "Sharp telephone support pages: NTT Catch Phone, Catch Phone Display, Number Display",
    },
    Source {
        id: "jp-ntt",
        document: "NTT West Voice Warp guide and call-waiting-forward service page; SoftBank equivalent page; Wikipedia ja Voice Warp; WDIC Number Request; 184data.org 144",
    },
    Source { id: "au-sp", document: "Southern Phone service features; url.net.au Telstra PSTN codes" },
    Source {
        id: "au-tel",
        document: "Telstra Home Features user guide (Nov 2008); Aeta/Telstra call forward guide; Westnet call waiting page",
    },
    Source {
        id: "in-bsnl",
        document: "BSNL phone plus pages (TNJ, Kolkata NGN, Bangalore); MTNL Delhi call forwarding",
    },
    Source {
        id: "it-ss",
        document: "Italian supplementary services sheet (cvsperoni.it); Wikipedia it Avviso di chiamata",
    },
    Source { id: "es-r", document: "mundo-R help page (Spain)" },
    Source { id: "mx-telmex", document: "Telmex digital services FAQ" },
    Source { id: "nz", document: "One NZ and Actrix call waiting pages" },
    Source { id: "ast-sig", document: "Asterisk analog signalling module, sig_analog / chan_dahdi (read as facts)" },
    Source { id: "ast-cfg", document: "Asterisk sample configuration: chan_dahdi, features, res_parking, ccss" },
    Source { id: "fpbx", document: "FreePBX feature code guide; gen.uk FreePBX code list; Difuse PBX code list" },
    Source { id: "spa", document: "Linksys/Cisco SPA9000, SPA9x2, SPA100, SPA112 administration guides, Regional tab" },
    Source {
        id: "pan-tda",
        document: "Panasonic KX-TDA operating manual, feature number table; KX-TDA600 feature manual",
    },
    Source { id: "pan-te", document: "Panasonic KX-TEM824 feature guide; KX-TA824/KX-TA624 manuals" },
    Source {
        id: "nortel",
        document: "Nortel CS1000 / Meridian 1 features book (500/2500 sets), Regular Telephone user guide",
    },
    Source { id: "grin", document: "Grinnell College analog telephone instructions (Nortel PBX)" },
    Source { id: "avaya", document: "Avaya/Lucent DEFINITY overview and 4606 guide; Partner guide" },
    Source { id: "mitel", document: "Mitel SX-200 documents; Dawson College SX-200 operating manual" },
    Source { id: "nec", document: "NEC NEAX 2400 IMX/IPX and NEAX 2000 feature manuals; Dterm guide" },
    Source { id: "stcapp", document: "Cisco analog gateway (stcapp) feature code listing" },
    Source {
        id: "sagem",
        document: "Sagem my303X handset manual, standard key sequences (mobile form of the switching orders)",
    },
    Source {
        id: "eu-pages",
        document: "Operator pages with the *21* *61* *67* *43# strings: DOKOM21, Tussa, Sysikt, innovaphone reference",
    },
    Source { id: "nec-sl", document: "NEC SL2100 quick install guide, timed break recall / hook flash timers" },
    Source { id: "santis", document: "Siemens Santis-ab manual, clear-back time delay" },
    Source {
        id: "fpbx-mod",
        document: "FreePBX module defaults (callforward, callwaiting, donotdisturb, parking; campon as kept in IssabelPBX)",
    },
    Source { id: "bw", document: "BroadWorks feature access code list of a live group (public test data)" },
    Source { id: "eng", document: "engineering knowledge, no document read" },
];
