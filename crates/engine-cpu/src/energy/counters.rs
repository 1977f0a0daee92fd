//! Energy counters of processor packages, and the share of the machine that is ours.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Machine times come in ticks of 1/100 s (`USER_HZ`), so a share needs a while to be true.
const TICKS_PER_SECOND: f64 = 100.0;
const SHARE_WINDOW_BUSY_SECONDS: f64 = 0.5;

/// The package counters of all processors.
#[derive(Debug)]
pub(super) struct PackageCounters {
    packages: Vec<Package>,
}

#[derive(Debug)]
struct Package {
    energy: PathBuf,
    /// The counter starts anew after this value.
    range_microjoules: u64,
    last: Option<u64>,
}

impl PackageCounters {
    /// `None` when there is no counter or this process may not read it.
    pub(super) fn find(powercap: &Path) -> Option<Self> {
        let entries = fs::read_dir(powercap).ok()?;
        let packages: Vec<Package> =
            entries.flatten().filter_map(|entry| Package::open(&entry.path())).collect();
        let readable = packages.iter().all(|package| package.last.is_some());
        (!packages.is_empty() && readable).then_some(Self { packages })
    }

    /// Joules since the last call; `None` when a counter could not be read now or then.
    pub(super) fn joules_since_last(&mut self) -> Option<f64> {
        let mut total = Some(0.0);
        for package in &mut self.packages {
            let used = package.microjoules_since_last();
            #[expect(clippy::cast_precision_loss, reason = "steps use far below 2^52 microjoules")]
            let joules = used.map(|microjoules| microjoules as f64 * 1e-6);
            total = total.zip(joules).map(|(total, joules)| total + joules);
        }
        total
    }
}

impl Package {
    /// Only whole packages: zones inside one (`intel-rapl:0:1`) are part of it, and the platform
    /// zone (`psys`) contains it.
    fn open(zone: &Path) -> Option<Self> {
        let number = zone.file_name()?.to_str()?.strip_prefix("intel-rapl:")?;
        number.parse::<u32>().ok()?;
        let name = fs::read_to_string(zone.join("name")).ok()?;
        if !name.starts_with("package") {
            return None;
        }
        let range_microjoules = read_number(&zone.join("max_energy_range_uj"))?;
        let energy = zone.join("energy_uj");
        let last = read_number(&energy);
        Some(Self { energy, range_microjoules, last })
    }

    fn microjoules_since_last(&mut self) -> Option<u64> {
        let now = read_number(&self.energy);
        let before = std::mem::replace(&mut self.last, now)?;
        let now = now?;
        if now >= before {
            Some(now - before)
        } else {
            Some(self.range_microjoules.saturating_sub(before) + now)
        }
    }
}

fn read_number(path: &Path) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// How much of the machine's busy time is this process's.
#[derive(Debug)]
pub(super) struct MachineTime {
    file: PathBuf,
    /// Busy seconds of the machine and of this process at the start of the window.
    window: Option<(f64, f64)>,
    share: f64,
}

impl MachineTime {
    /// Until the first window is over the process is taken to be alone.
    pub(super) fn new(file: PathBuf) -> Self {
        Self { file, window: None, share: 1.0 }
    }

    pub(super) fn begin(&mut self, process_seconds: f64) {
        self.window = self.busy_seconds().map(|busy| (busy, process_seconds));
    }

    /// The share in the last whole window, 0 to 1.
    pub(super) fn share(&mut self, process_seconds: f64) -> f64 {
        let Some(busy) = self.busy_seconds() else { return self.share };
        let (busy_before, process_before) = *self.window.get_or_insert((busy, process_seconds));
        if busy - busy_before >= SHARE_WINDOW_BUSY_SECONDS {
            self.share =
                ((process_seconds - process_before) / (busy - busy_before)).clamp(0.0, 1.0);
            self.window = Some((busy, process_seconds));
        }
        self.share
    }

    /// All times of the first line but those of waiting (idle, iowait) and those counted twice
    /// (guests, which are part of user time).
    fn busy_seconds(&self) -> Option<f64> {
        let text = fs::read_to_string(&self.file).ok()?;
        let fields = text.lines().next()?.strip_prefix("cpu ")?.split_whitespace();
        let mut ticks = 0.0;
        for (index, field) in fields.take(8).enumerate() {
            let field: f64 = field.parse().ok()?;
            if !matches!(index, 3 | 4) {
                ticks += field;
            }
        }
        Some(ticks / TICKS_PER_SECOND)
    }
}
