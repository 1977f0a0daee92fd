//! Measures what `sovereignty` asks about: gathers facts once, then answers every check from them.
//!
//! Start at [`Scene`] for what can be seen and at [`measure`] for what is made of it. A check does
//! what its title says, now, or is not measured and says why.

mod encryption;
mod evidence;
mod flows;
mod journal;
mod law;
mod machine;
mod models;
mod page;
mod people;
mod process;
mod program;
mod report;
mod scene;
mod secrets;
mod storage;
#[cfg(test)]
mod tests;
mod wanted;

use sovereignty::{Assessment, Check, Measured, Tender};

pub(crate) use self::{
    evidence::{Bundle, write_bundle},
    models::Imported,
    program::LOCK,
    report::{Assessed, carry_out},
    scene::{Scene, digest},
    wanted::Wanted,
};
use self::{machine::Machine, program::Program, scene::Surroundings};

/// Answers every check.
fn assess(scene: &Scene<'_>, tender: Option<Tender>) -> Assessment {
    let answers = Check::ALL.iter().map(|check| (*check, measure(*check, scene)));
    let declarations = scene.declared.as_ref().ok().and_then(Option::as_ref);
    Assessment::new(answers, declarations, tender)
}

/// Answers one check. The match is closed: a check that nothing measures is no program.
fn measure(check: Check, scene: &Scene<'_>) -> Measured {
    match check {
        Check::OwnerDeclared
        | Check::ControlNotice
        | Check::LawRegister
        | Check::DisconnectDrill
        | Check::SuppliersDeclared
        | Check::SourceEscrow
        | Check::ExitTried
        | Check::RestoreDrill
        | Check::EnergySupply => law::declared(check, scene),
        Check::OperatorNamed => law::operator_named(scene),
        Check::OperatorInRegion => law::operator_in_region(scene),
        Check::PartiesDeclared => flows::parties_declared(scene),
        Check::RegionSaid => flows::region_said(scene),
        Check::HyperscalersDenied => flows::hyperscalers_denied(scene),
        Check::UndeclaredRefused => flows::undeclared_refused(scene),
        Check::RangesFresh => flows::ranges_fresh(scene),
        Check::FlowsDeclared => flows::flows_declared(scene),
        Check::TextsSealed => encryption::texts_sealed(scene),
        Check::WrappingKeyPrivate => encryption::wrapping_key_private(scene),
        Check::WrappingKeyOutside => encryption::wrapping_key_outside(scene),
        Check::DataKeyFresh => encryption::data_key_fresh(scene),
        Check::InstallationKeyPrivate => storage::key_private(scene, "installation.key"),
        Check::LogKeyPrivate => storage::key_private(scene, "log.key"),
        Check::DataPrivate => storage::data_private(scene),
        Check::DataLocal => storage::data_local(scene),
        Check::DiskEncrypted => storage::disk_encrypted(scene),
        Check::SwapSafe => storage::swap_safe(scene),
        Check::SecretsAbsent => secrets::secrets_absent(scene),
        Check::PageOrigins => page::origins_own(scene),
        Check::PagePolicy => page::policy_closed(scene),
        Check::ApiPortable => page::api_portable(scene),
        Check::RoutesAudited => page::routes_audited(scene),
        Check::ModelHere => models::here(scene),
        Check::WeightsIntact => models::intact(scene),
        Check::ModelsSigned => models::signed(scene),
        Check::SignaturesRequired => models::signatures_required(scene),
        Check::NoPickle => models::no_pickle(scene),
        Check::NothingWaived => models::nothing_waived(scene),
        Check::LicencesHere => models::licences_here(scene),
        Check::BillComplete => program::bill_complete(scene),
        Check::SourceNamed => program::source_named(scene),
        Check::HardwareListed => machine::hardware_listed(scene),
        Check::KernelModules => machine::confinement(scene),
        Check::KernelTrace => machine::tracing_restricted(scene),
        Check::KernelRandom => machine::addresses_random(scene),
        Check::EnergyMeasured => machine::energy_measured(scene),
        Check::GridOfSite => law::grid_of_site(scene),
        Check::LogVerified => journal::verified(scene),
        Check::TamperNoticed => journal::tampering_noticed(scene),
        Check::LogSigned => journal::signed_in_time(scene),
        Check::WitnessOutside => journal::witness_outside(scene),
        Check::WitnessCurrent => journal::witness_current(scene),
        Check::WitnessGrace => journal::witness_grace(scene),
        Check::ClockAhead => journal::clock_not_behind(scene),
        Check::OwnersTwo => people::owners_two(scene),
        Check::DataOfficer => people::has(scene, domain::Role::DataOfficer),
        Check::Auditor => people::has(scene, domain::Role::Auditor),
        Check::Passwords => people::keepers_have_passwords(scene),
        Check::KeysEnd => people::keys_end(scene),
        Check::KeysOwned => people::keys_owned(scene),
        Check::MemoryClosed => process::memory_closed(scene),
        Check::NoCore => process::no_core(scene),
        Check::NotRoot => process::not_root(scene),
        Check::NoNewPrivileges => process::no_new_privileges(scene),
        Check::TransportSafe => process::transport_safe(scene),
        Check::EnvironmentClean => process::environment_clean(scene),
    }
}
