use std::{cell::Cell, fs, path::Path};

use super::*;

thread_local! {
    static CPU_SECONDS: Cell<f64> = const { Cell::new(0.0) };
}

fn cpu_seconds() -> f64 {
    CPU_SECONDS.get()
}

/// A machine made of files.
struct Machine {
    directory: tempfile::TempDir,
}

impl Machine {
    fn new(zones: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        for (zone, name) in zones {
            let zone = directory.path().join(zone);
            fs::create_dir_all(&zone).expect("a zone");
            fs::write(zone.join("name"), format!("{name}\n")).expect("a name");
            fs::write(zone.join("max_energy_range_uj"), "1000000\n").expect("a range");
            fs::write(zone.join("energy_uj"), "900000\n").expect("a counter");
        }
        let machine = Self { directory };
        machine.set_busy_ticks(0);
        machine
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn set_counter(&self, zone: &str, microjoules: u64) {
        fs::write(self.path().join(zone).join("energy_uj"), microjoules.to_string()).expect("set");
    }

    fn set_busy_ticks(&self, ticks: u64) {
        let line = format!("cpu  {ticks} 0 0 12345 99 0 0 0 7 7\ncpu0 1 2 3\n");
        fs::write(self.path().join("stat"), line).expect("times");
    }

    fn meter(&self) -> EnergyMeter {
        let sources = PowerSources {
            powercap: self.path().to_owned(),
            machine_time: self.path().join("stat"),
        };
        CPU_SECONDS.set(0.0);
        EnergyMeter::with_clock(&sources, cpu_seconds)
    }
}

fn check(spent: &Spent, joules: f64, method: Method, cpu_seconds: f64) {
    assert!((spent.energy.joules.value() - joules).abs() < 1e-9, "{spent:?}, not {joules} J");
    assert_eq!(spent.energy.method, method);
    assert!((spent.cpu_seconds - cpu_seconds).abs() < 1e-9, "{spent:?}, not {cpu_seconds} s");
}

#[test]
fn without_counters_energy_is_watts_times_processor_time() {
    for zones in [&[][..], &[("intel-rapl:0", "psys"), ("intel-rapl:0:0", "core")]] {
        let mut meter = Machine::new(zones).meter();
        CPU_SECONDS.set(1.0);
        meter.begin();
        CPU_SECONDS.set(3.0);
        check(&meter.read(), 2.0 * CPU_POWER.watts_per_core, Method::Estimated, 2.0);
        check(&meter.read(), 0.0, Method::Estimated, 0.0);
    }
}

#[test]
fn package_counters_are_summed_across_their_wrap() {
    let machine = Machine::new(&[
        ("intel-rapl:0", "package-0"),
        ("intel-rapl:1", "package-1"),
        ("intel-rapl:0:0", "core"),
        ("intel-rapl:2", "psys"),
    ]);
    let mut meter = machine.meter();
    machine.set_counter("intel-rapl:0", 950_000);
    meter.begin();
    machine.set_counter("intel-rapl:0", 50_000);
    machine.set_counter("intel-rapl:1", 930_000);
    machine.set_counter("intel-rapl:2", 1);
    check(&meter.read(), 0.1 + 0.03, Method::Measured, 0.0);
}

#[test]
fn a_busy_machine_pays_its_own_share() {
    let machine = Machine::new(&[("intel-rapl:0", "package-0")]);
    let mut meter = machine.meter();
    meter.begin();
    machine.set_busy_ticks(400);
    CPU_SECONDS.set(1.0);
    machine.set_counter("intel-rapl:0", 940_000);
    check(&meter.read(), 0.04 / 4.0, Method::Measured, 1.0);
    // The window is too short for a new share: the last one holds.
    machine.set_busy_ticks(410);
    CPU_SECONDS.set(1.1);
    machine.set_counter("intel-rapl:0", 980_000);
    check(&meter.read(), 0.04 / 4.0, Method::Measured, 0.1);
}

#[test]
fn a_counter_that_fails_falls_back_to_the_estimate() {
    let machine = Machine::new(&[("intel-rapl:0", "package-0")]);
    let mut meter = machine.meter();
    meter.begin();
    fs::write(machine.path().join("intel-rapl:0/energy_uj"), "gone").expect("written");
    CPU_SECONDS.set(1.0);
    check(&meter.read(), CPU_POWER.watts_per_core, Method::Estimated, 1.0);
    machine.set_counter("intel-rapl:0", 10);
    CPU_SECONDS.set(2.0);
    check(&meter.read(), CPU_POWER.watts_per_core, Method::Estimated, 1.0);
    machine.set_counter("intel-rapl:0", 1_010);
    check(&meter.read(), 0.001, Method::Measured, 0.0);
}

#[test]
fn accounts_of_one_step_add_up_to_it() {
    let work = Work { token: 100.0, head: 40.0, seen: 0.5 };
    let parts = [work.of(0, 512, 1), work.of(300, 1, 1), work.of(8000, 1, 1), work.of(0, 17, 0)];
    let total: f64 = parts.iter().sum();
    let spent = Spent { energy: CPU_POWER.energy(3.0).expect("valid"), cpu_seconds: 3.0 };
    let mut sums = (0.0, 0.0);
    for part in parts {
        let mut account = Account::default();
        account.charge(&spent, part, total);
        sums.0 += account.energy.joules.value();
        sums.1 += account.cpu_seconds;
        assert_eq!(account.energy.method, Method::Estimated);
    }
    assert!((sums.0 - spent.energy.joules.value()).abs() < 1e-9, "{sums:?}");
    assert!((sums.1 - 3.0).abs() < 1e-9, "{sums:?}");
    assert!((work.of(10, 3, 1) - (300.0 + 40.0 + 0.5 * 36.0)).abs() < 1e-9, "11 + 12 + 13 seen");
}
