//! What each step of the engine costs, and whose it is.
//!
//! CPU time is the time of the whole process between the ends of two steps, so reading requests,
//! sampling and sending are included; it begins when the idle engine takes up work. Energy follows
//! from it:
//! - with readable package counters (RAPL), the package's energy in that time, multiplied by this
//!   process's share of the machine's busy processor time: [`Method::Measured`], attributed by
//!   share;
//! - without them, documented watts for each second of CPU time ([`Method::Estimated`]).
//!
//! A step's cost is divided among its sequences by their multiply-adds ([`Work`]): the products
//! of every token, the output head where a token was sampled, and the attention over what each
//! token sees. Tokens of prompts and of answers in one step share the same pass over the weights,
//! so they are charged by the same measure.

mod counters;

use std::path::PathBuf;

use carbon_ledger::{Energy, Method, Uncertainty, attribution, factors::CPU_POWER};

use self::counters::{MachineTime, PackageCounters};

/// Doubt of a package counter attributed by share of busy time, in per cent: RAPL itself is good
/// to about 5 %, and the power of idle cores, caches and memory controllers is divided as if every
/// busy second cost the same. An engineering estimate.
const MEASURED_UNCERTAINTY_PERCENT: f64 = 20.0;

/// Where the machine tells about its energy and its time.
#[derive(Clone, Debug)]
pub struct PowerSources {
    /// Directory with `intel-rapl:0` and its like.
    pub powercap: PathBuf,
    /// The file with the processor times of the machine.
    pub machine_time: PathBuf,
}

impl Default for PowerSources {
    fn default() -> Self {
        Self { powercap: "/sys/class/powercap".into(), machine_time: "/proc/stat".into() }
    }
}

/// What was used between two readings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spent {
    pub(crate) energy: Energy,
    pub(crate) cpu_seconds: f64,
}

/// The sum charged to one generation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Account {
    pub(crate) energy: Energy,
    pub(crate) cpu_seconds: f64,
}

impl Default for Account {
    fn default() -> Self {
        Self { energy: Energy::ZERO, cpu_seconds: 0.0 }
    }
}

impl Account {
    /// Adds the part of `spent` that belongs to `work` of `total_work`.
    pub(crate) fn charge(&mut self, spent: &Spent, work: f64, total_work: f64) {
        let joules = attribution::portion(spent.energy.joules, work, total_work);
        self.energy = self.energy.plus(Energy { joules, ..spent.energy });
        if total_work > 0.0 {
            self.cpu_seconds += spent.cpu_seconds * work / total_work;
        }
    }
}

/// Multiply-adds of a model, the unit in which steps are divided.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Work {
    pub(crate) token: f64,
    pub(crate) head: f64,
    /// For each position that a token sees.
    pub(crate) seen: f64,
}

impl Work {
    /// Work of `tokens` consecutive tokens from position `start`, `heads` of them sampled.
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub(crate) fn of(&self, start: usize, tokens: usize, heads: usize) -> f64 {
        let seen = tokens * start + tokens * (tokens + 1) / 2;
        self.token * tokens as f64 + self.head * heads as f64 + self.seen * seen as f64
    }
}

/// Reads clocks and counters at the end of each step.
pub(crate) struct EnergyMeter {
    cpu_seconds: fn() -> f64,
    last_cpu_seconds: f64,
    packages: Option<PackageCounters>,
    machine: MachineTime,
}

impl EnergyMeter {
    pub(crate) fn new(sources: &PowerSources) -> Self {
        Self::with_clock(sources, process_cpu_seconds)
    }

    fn with_clock(sources: &PowerSources, cpu_seconds: fn() -> f64) -> Self {
        Self {
            cpu_seconds,
            last_cpu_seconds: cpu_seconds(),
            packages: PackageCounters::find(&sources.powercap),
            machine: MachineTime::new(sources.machine_time.clone()),
        }
    }

    /// Forgets what was used while nothing was generated.
    pub(crate) fn begin(&mut self) {
        self.last_cpu_seconds = (self.cpu_seconds)();
        if let Some(packages) = &mut self.packages {
            packages.joules_since_last();
            self.machine.begin(self.last_cpu_seconds);
        }
    }

    /// What was used since the last reading.
    pub(crate) fn read(&mut self) -> Spent {
        let now = (self.cpu_seconds)();
        let cpu_seconds = (now - self.last_cpu_seconds).max(0.0);
        self.last_cpu_seconds = now;
        let measured = self.packages.as_mut().and_then(PackageCounters::joules_since_last);
        let energy = match measured {
            Some(joules) => measured_energy(joules * self.machine.share(now)),
            None => CPU_POWER.energy(cpu_seconds).unwrap_or(Energy::ZERO),
        };
        Spent { energy, cpu_seconds }
    }
}

fn measured_energy(joules: f64) -> Energy {
    let joules = carbon_ledger::Joules::new(joules);
    let uncertainty = Uncertainty::from_percent(MEASURED_UNCERTAINTY_PERCENT);
    match (joules, uncertainty) {
        (Ok(joules), Ok(uncertainty)) => Energy { joules, method: Method::Measured, uncertainty },
        (Err(_), _) | (_, Err(_)) => Energy::ZERO,
    }
}

/// Processor time of this process, all threads together.
#[expect(clippy::cast_precision_loss, reason = "nanoseconds of a second are exact")]
fn process_cpu_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

#[cfg(test)]
mod tests;
