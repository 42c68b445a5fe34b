//! The one session of the process: between TSPI_providerInit and TSPI_providerShutdown.

use super::consts::{VERSION_MAX, VERSION_MIN};
use super::host::{self, CHost};
use super::raw::Pointer;
use super::settings::DeviceConfig;
use super::types::{ASYNC_COMPLETION, DWORD, DWORD_PTR, HPROVIDER, LINEEVENT, PHONEEVENT};
use crate::config::Config;
use crate::runtime::{Announce, Runtime};
use core::ffi::c_void;
use loopstart_provider::{CallHandle, DeviceId, LineErr, LineHandle, Provider};
use loopstart_signal::plan::Plan;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::time::{Duration, Instant};

/// A running provider and its host.
pub(crate) struct Session {
    pub(crate) runtime: Runtime,
    pub(crate) host: Arc<CHost>,
    /// Line devices the host was told of at the start: ids from the first to below the second.
    ids: (u64, u64),
    /// Line devices the host gave an id later.
    created: Mutex<HashSet<DeviceId>>,
    /// What the switches are, for people: the name of each plan that a line can have, and what is said of it.
    switches: Vec<(String, String)>,
    /// Settings that the host gave to lines.
    settings: Mutex<HashMap<DeviceId, DeviceConfig>>,
}

/// What TSPI_providerEnumDevices leaves for TSPI_providerInit.
struct Enumerated {
    config: Config,
    create: LINEEVENT,
    provider: HPROVIDER,
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
    /// Starts the provider for a host. `ids`: the line devices that the host was told of.
    fn start(enumerated: Enumerated, ids: (u64, u64), completion: ASYNC_COMPLETION) -> Result<Self, LineErr> {
        let Enumerated { config, create, provider } = enumerated;
        let plans = [&config.plan, &config.emulated.plan].into_iter().chain(config.lines.iter().map(|line| &line.plan));
        let switch = |plan: &Arc<Plan>| (plan.name.to_string(), format!("{} ({})", plan.title, plan.name));
        let switches = plans.map(switch).collect();
        let host = Arc::new(CHost::new(completion, create));
        // A host that gave no callback sees the lines that were counted, and no other.
        let announce = move |temporary| host::announce(create, provider, temporary);
        let announce: Option<Announce> = create.is_some().then(|| Box::new(announce) as Announce);
        let runtime = Runtime::start_announcing(config, Arc::clone(&host) as Arc<_>, announce).map_err(|error| {
            log::error!("{error}");
            LineErr::RESOURCEUNAVAIL
        })?;
        Ok(Self { runtime, host, ids, created: Mutex::default(), switches, settings: Mutex::default() })
    }

    /// Gives a line that was announced its number.
    fn create(&self, temporary: DWORD_PTR, device: DeviceId) -> Result<(), LineErr> {
        let temporary = DWORD::try_from(temporary).map_err(|_| LineErr::BADDEVICEID)?;
        // The host is told of none twice, so that a number it had before is as wrong as one it has.
        if self.knows(device) {
            return Err(LineErr::BADDEVICEID);
        }
        self.runtime.assign(temporary, device)?;
        self.created().insert(device);
        // The host reads capabilities right after this.
        await_caps(&self.runtime, &[device]);
        Ok(())
    }

    /// The device with the host's number.
    ///
    /// # Errors
    /// `BADDEVICEID`; `NODRIVER` for one that the host was told of and that is not there.
    pub(crate) fn device(&self, id: DWORD) -> Result<DeviceId, LineErr> {
        let device = DeviceId(id);
        if !self.knows(device) {
            return Err(LineErr::BADDEVICEID);
        }
        // A line that the host does not see may have a number among those it was told of.
        let seen = self.runtime.devices().contains(&device) || self.created().contains(&device);
        if seen && self.query(|p| p.clock_of(device).is_some()) { Ok(device) } else { Err(LineErr::NODRIVER) }
    }

    /// Whether the host was told of a device with this number, or gave it.
    fn knows(&self, device: DeviceId) -> bool {
        (self.ids.0..self.ids.1).contains(&u64::from(device.0)) || self.created().contains(&device)
    }

    fn created(&self) -> MutexGuard<'_, HashSet<DeviceId>> {
        self.created.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the exchange or PBX of a device is, for people.
    pub(crate) fn switch(&self, device: DeviceId) -> &str {
        let Some(plan) = self.runtime.plan_of(device) else { return "" };
        let of_plan = |switch: &&(String, String)| switch.0 == plan.name;
        self.switches.iter().find(of_plan).map_or("", |switch| switch.1.as_str())
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
    provider: HPROVIDER,
    create_line: LINEEVENT,
    _create_phone: PHONEEVENT,
) -> Result<(), LineErr> {
    start_log();
    let (lines, phones) = (lines.required()?, phones.required()?);
    // A configuration that cannot be read is told by TSPI_providerInit; this function has no error for it.
    let config = read_config().map_err(|_| LineErr::OPERATIONFAILED)?;
    let count = DWORD::try_from(config.devices.len()).map_err(|_| LineErr::OPERATIONFAILED)?;
    state().enumerated = Some(Enumerated { config, create: create_line, provider });
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
    let Enumerated { mut config, create, provider } = match state().enumerated.take() {
        Some(enumerated) => enumerated,
        None => Enumerated { config: read_config()?, create: None, provider: 0 },
    };
    config.device_id_base = line_base;
    let first = u64::from(line_base);
    let end = first.checked_add(lines as u64).ok_or(LineErr::INVALPARAM)?;
    if end.max(first + config.devices.len() as u64) > u64::from(DWORD::MAX) {
        return Err(LineErr::INVALPARAM);
    }
    let session = Arc::new(Session::start(Enumerated { config, create, provider }, (first, end), completion)?);
    // A line that is announced before this function has finished is answered on another thread meanwhile.
    state().session = Some(Arc::clone(&session));
    await_caps(&session.runtime, session.runtime.devices());
    // Bit NONREENTRANT stays clear: every function may be called at any time from any thread.
    options.put(0);
    Ok(())
}

/// Waits a little until the devices have told what they can do: hosts read capabilities right after this, and only once.
/// A device that is slower tells the lines that are open then (CAPSCHANGE).
fn await_caps(runtime: &Runtime, devices: &[DeviceId]) {
    let until = Instant::now() + CAPS_PATIENCE;
    let failed = |device| runtime.failures().iter().any(|f| f.0 == device);
    let pending = |device| !failed(device) && runtime.query(|p| p.device_caps(device).is_ok_and(|c| c.caps.is_empty()));
    while devices.iter().any(|d| pending(*d)) && Instant::now() < until {
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

/// The host's answer to LINE_CREATE: the line's number. When it is refused the host forgets the line, and so does the provider.
pub(crate) fn create_line_device(temporary: DWORD_PTR, device: DWORD) -> Result<(), LineErr> {
    session()?.create(temporary, DeviceId(device))
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

#[cfg(test)]
#[allow(unsafe_code)] // Callbacks as a host has them.
mod tests {
    use super::*;
    use crate::tspi::consts::{LINE_CREATE, LINE_REMOVE};
    use loopstart_hal::registry::Selector;
    use loopstart_provider::{Command, HostLine, Reply};

    /// Line, call, message and parameters.
    type Told = (usize, usize, DWORD, usize, usize, usize);

    static TOLD: Mutex<Vec<Told>> = Mutex::new(Vec::new());

    unsafe extern "C" fn event(line: usize, call: usize, message: DWORD, p1: usize, p2: usize, p3: usize) {
        TOLD.lock().unwrap().push((line, call, message, p1, p2, p3));
    }

    unsafe extern "C" fn completion(_: DWORD, _: i32) {}

    /// Emulated lines 0 and 1, of which 1 was removed and is plugged in again.
    fn start(create: LINEEVENT) -> (Session, Selector) {
        let mut config = Config::default();
        config.set_devices(["emulated:0", "emulated:1"]).unwrap();
        config.emulated.speed = 20.0;
        config.device_id_base = 4;
        let enumerated = Enumerated { config, create, provider: 0x5151 };
        let session = Session::start(enumerated, (4, 7), Some(completion)).unwrap();
        session.runtime.remove(DeviceId(5)).unwrap();
        session.runtime.with_exchange(|e| e.unplug(1).and_then(|()| e.plug(1))).unwrap().unwrap();
        (session, Selector::parse("emulated:1").unwrap())
    }

    fn told(message: DWORD) -> Told {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            let mut told = TOLD.lock().unwrap();
            if let Some(at) = told.iter().position(|told| told.2 == message) {
                return told.remove(at);
            }
            drop(told);
            assert!(Instant::now() < until, "no message {message}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    #[test]
    fn a_line_is_announced_numbered_and_removed() {
        let (session, selector) = start(Some(event));
        // It was not open, so its removal was told at once.
        assert_eq!(told(LINE_REMOVE), (0, 0, LINE_REMOVE, 5, 0, 0));
        assert_eq!(session.device(5), Err(LineErr::NODRIVER));
        session.runtime.add(&selector).unwrap();
        let (line, call, _, provider, temporary, third) = told(LINE_CREATE);
        assert_eq!((line, call, provider, third), (0, 0, 0x5151, 0));
        for (temporary, device) in [(temporary + (1 << 32), 9), (1, 9), (temporary, 4), (temporary, 5), (temporary, 6)]
        {
            assert_eq!(session.create(temporary, DeviceId(device)), Err(LineErr::BADDEVICEID), "{device}");
        }
        assert_eq!(session.device(9), Err(LineErr::BADDEVICEID));
        assert_eq!(session.create(temporary, DeviceId(9)), Ok(()));
        assert_eq!(session.create(temporary, DeviceId(10)), Err(LineErr::BADDEVICEID));
        let device = session.device(9).unwrap();
        assert_eq!(session.switch(device), session.switch(DeviceId(4)));
        assert!(!session.switch(device).is_empty());
        // Its capabilities are known as soon as it has a number.
        assert!(session.query(|p| p.device_caps(device).is_ok_and(|c| !c.caps.is_empty())));
        let open = Command::OpenLine { device, host: HostLine(1) };
        let Ok(Reply::Line(line)) = session.runtime.command(open) else { panic!("does not open") };
        session.runtime.close_line(line).unwrap();
        session.runtime.remove(device).unwrap();
        assert_eq!(told(LINE_REMOVE).3, 9);
        assert_eq!(session.device(9), Err(LineErr::NODRIVER));
        assert_eq!(session.create(temporary, device), Err(LineErr::BADDEVICEID));
        session.runtime.shutdown();
        assert_eq!(TOLD.lock().unwrap().as_slice(), []);
    }

    #[test]
    fn a_host_without_the_callback_sees_no_new_line() {
        let (session, selector) = start(None);
        let added = session.runtime.add(&selector).unwrap();
        let crate::runtime::Added::Line(device) = added else { panic!("{added:?}") };
        // The host was told of three devices, of which the third is none.
        assert_eq!((device, session.device(6)), (DeviceId(6), Err(LineErr::NODRIVER)));
        assert_eq!(session.device(4), Ok(DeviceId(4)));
        session.runtime.shutdown();
    }
}
