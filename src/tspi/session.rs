//! The one session of the process: between TSPI_providerInit and TSPI_providerShutdown.

use super::consts::{VERSION_MAX, VERSION_MIN};
use super::host::CHost;
use super::raw::Pointer;
use super::settings::DeviceConfig;
use super::types::{ASYNC_COMPLETION, DWORD, DWORD_PTR, HPROVIDER, LINEEVENT, PHONEEVENT};
use crate::config::Config;
use crate::runtime::Runtime;
use core::ffi::c_void;
use loopstart_provider::{CallHandle, DeviceId, LineErr, LineHandle, Provider};
use loopstart_signal::plan::Plan;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::time::{Duration, Instant};

/// A running provider and its host.
pub(crate) struct Session {
    pub(crate) runtime: Runtime,
    pub(crate) host: Arc<CHost>,
    /// Line devices the host was told of: ids from the first to below the second.
    ids: (u64, u64),
    /// What the switches are, for people, in the order of the devices.
    switches: Vec<String>,
    /// Settings that the host gave to lines.
    settings: Mutex<HashMap<DeviceId, DeviceConfig>>,
}

/// What TSPI_providerEnumDevices leaves for TSPI_providerInit.
struct Enumerated {
    config: Config,
    create: LINEEVENT,
}

#[derive(Default)]
struct State {
    enumerated: Option<Enumerated>,
    session: Option<Arc<Session>>,
}

/// How long TSPI_providerInit waits for the devices at most.
const CAPS_PATIENCE: Duration = Duration::from_secs(2);

/// Starting is done by one thread at a time. Not held by anything that a callback may wait for.
static STARTING: Mutex<()> = Mutex::new(());
static STATE: Mutex<State> = Mutex::new(State { enumerated: None, session: None });

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The session, for any operation that needs one.
///
/// # Errors
/// `UNINITIALIZED`.
pub(crate) fn session() -> Result<Arc<Session>, LineErr> {
    state().session.clone().ok_or(LineErr::UNINITIALIZED)
}

/// Whether a line can be opened with this version of the interface.
pub(crate) fn check_version(version: DWORD) -> Result<(), LineErr> {
    if (VERSION_MIN..=VERSION_MAX).contains(&version) { Ok(()) } else { Err(LineErr::INCOMPATIBLEAPIVERSION) }
}

impl Session {
    /// The device with the host's number.
    ///
    /// # Errors
    /// `BADDEVICEID`; `NODRIVER` for one that the host was told of and that is not there.
    pub(crate) fn device(&self, id: DWORD) -> Result<DeviceId, LineErr> {
        if !(self.ids.0..self.ids.1).contains(&u64::from(id)) {
            return Err(LineErr::BADDEVICEID);
        }
        let device = DeviceId(id);
        if self.runtime.devices().contains(&device) { Ok(device) } else { Err(LineErr::NODRIVER) }
    }

    /// What the exchange or PBX of a device is, for people.
    pub(crate) fn switch(&self, device: DeviceId) -> &str {
        let at = u64::from(device.0).checked_sub(self.ids.0).and_then(|at| usize::try_from(at).ok());
        at.and_then(|at| self.switches.get(at)).map_or("", String::as_str)
    }

    /// The settings of a line that the host gave it.
    pub(crate) fn settings(&self, device: DeviceId) -> DeviceConfig {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner).get(&device).copied().unwrap_or_default()
    }

    /// Gives a line other settings; whether they differ from those before.
    pub(crate) fn replace_settings(&self, device: DeviceId, settings: DeviceConfig) -> bool {
        let before = self.settings.lock().unwrap_or_else(PoisonError::into_inner).insert(device, settings);
        before.unwrap_or_default() != settings
    }

    pub(crate) fn query<R>(&self, read: impl FnOnce(&Provider) -> R) -> R {
        self.runtime.query(read)
    }

    /// The line with this handle, alive.
    ///
    /// # Errors
    /// `INVALLINEHANDLE`.
    pub(crate) fn line(&self, raw: usize) -> Result<LineHandle, LineErr> {
        let line = line_handle(raw)?;
        self.query(|p| p.device_of_line(line)).map(|_| line)
    }
}

/// # Errors
/// `INVALLINEHANDLE`: this number is no handle of a line. Whether it is alive the provider tells.
pub(crate) fn line_handle(raw: usize) -> Result<LineHandle, LineErr> {
    LineHandle::from_raw(raw).ok_or(LineErr::INVALLINEHANDLE)
}

/// # Errors
/// `INVALCALLHANDLE`: this number is no handle of a call. Whether it is alive the provider tells.
pub(crate) fn call_handle(raw: usize) -> Result<CallHandle, LineErr> {
    CallHandle::from_raw(raw).ok_or(LineErr::INVALCALLHANDLE)
}

fn read_config() -> Result<Config, LineErr> {
    Config::from_env().map_err(|error| {
        log::error!("{error}");
        LineErr::INIFILECORRUPT
    })
}

/// Says something only where `LOOPSTART_LOG` asks for it.
fn start_log() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if let Ok(filter) = std::env::var("LOOPSTART_LOG") {
            // A program that has a log of its own keeps it.
            let _ = env_logger::Builder::new().parse_filters(&filter).try_init();
        }
    });
}

pub(crate) fn enum_devices(
    _permanent_id: DWORD,
    lines: Pointer<DWORD>,
    phones: Pointer<DWORD>,
    _provider: HPROVIDER,
    create_line: LINEEVENT,
    _create_phone: PHONEEVENT,
) -> Result<(), LineErr> {
    start_log();
    let (lines, phones) = (lines.required()?, phones.required()?);
    // A configuration that cannot be read is told by TSPI_providerInit; this function has no error for it.
    let config = read_config().map_err(|_| LineErr::OPERATIONFAILED)?;
    let count = DWORD::try_from(config.devices.len()).map_err(|_| LineErr::OPERATIONFAILED)?;
    state().enumerated = Some(Enumerated { config, create: create_line });
    lines.put(count);
    phones.put(0);
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "the published parameters")]
pub(crate) fn init(
    version: DWORD,
    _permanent_id: DWORD,
    line_base: DWORD,
    _phone_base: DWORD,
    lines: DWORD_PTR,
    _phones: DWORD_PTR,
    completion: ASYNC_COMPLETION,
    options: Pointer<DWORD>,
) -> Result<(), LineErr> {
    start_log();
    check_version(version)?;
    if completion.is_none() {
        return Err(LineErr::INVALPOINTER);
    }
    let options = options.required()?;
    let _starting = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    if state().session.is_some() {
        // Init and shutdown come in pairs; one more init inside a pair changes nothing.
        return Ok(());
    }
    let Enumerated { mut config, create } = match state().enumerated.take() {
        Some(enumerated) => enumerated,
        None => Enumerated { config: read_config()?, create: None },
    };
    config.device_id_base = line_base;
    let first = u64::from(line_base);
    let end = first.checked_add(lines as u64).ok_or(LineErr::INVALPARAM)?;
    if end.max(first + config.devices.len() as u64) > u64::from(DWORD::MAX) {
        return Err(LineErr::INVALPARAM);
    }
    let switch = |plan: &Plan| format!("{} ({})", plan.title, plan.name);
    let switches = config.devices.iter().map(|selector| switch(&config.plan_of(selector))).collect();
    let host = Arc::new(CHost::new(completion, create));
    let runtime = Runtime::start(config, Arc::clone(&host) as Arc<_>).map_err(|error| {
        log::error!("{error}");
        LineErr::RESOURCEUNAVAIL
    })?;
    await_caps(&runtime);
    state().session =
        Some(Arc::new(Session { runtime, host, ids: (first, end), switches, settings: Mutex::default() }));
    // Bit NONREENTRANT stays clear: every function may be called at any time from any thread.
    options.put(0);
    Ok(())
}

/// Waits a little until the devices have told what they can do: hosts read capabilities right after this, and only once.
/// A device that is slower tells the lines that are open then (CAPSCHANGE).
fn await_caps(runtime: &Runtime) {
    let until = Instant::now() + CAPS_PATIENCE;
    let failed = |device| runtime.failures().iter().any(|f| f.0 == device);
    let pending = |device| !failed(device) && runtime.query(|p| p.device_caps(device).is_ok_and(|c| c.caps.is_empty()));
    while runtime.devices().iter().any(|d| pending(*d)) && Instant::now() < until {
        std::thread::sleep(CAPS_PATIENCE / 400);
    }
}

pub(crate) fn shutdown(_version: DWORD, _permanent_id: DWORD) -> Result<(), LineErr> {
    let session = {
        let mut state = state();
        state.enumerated = None;
        state.session.take().ok_or(LineErr::UNINITIALIZED)?
    };
    session.runtime.shutdown();
    session.host.end();
    Ok(())
}

/// No LINE_CREATE was ever sent, so no temporary id is outstanding.
pub(crate) fn create_line_device(_temporary: DWORD_PTR, _device: DWORD) -> Result<(), LineErr> {
    session()?;
    Err(LineErr::BADDEVICEID)
}

/// Nothing is to be installed: a line is there when the configuration file names it, or when its device is attached. What the
/// configuration says is looked at, so that a host learns now what TSPI_providerInit would refuse.
pub(crate) fn install(_window: Pointer<c_void>, _permanent_id: DWORD) -> Result<(), LineErr> {
    start_log();
    read_config().map(|_| ())
}

/// There is no dialog here: the configuration file is looked at, as for installing. Changes in it take effect with the next
/// TSPI_providerInit.
pub(crate) fn configure(_window: Pointer<c_void>, _permanent_id: DWORD) -> Result<(), LineErr> {
    start_log();
    read_config().map(|_| ())
}

/// Nothing was installed, so nothing is to be removed; the configuration file is the user's.
pub(crate) fn remove(_window: Pointer<c_void>, _permanent_id: DWORD) -> Result<(), LineErr> {
    Ok(())
}
