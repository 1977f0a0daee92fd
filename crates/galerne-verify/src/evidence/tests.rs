use std::path::PathBuf;

use transparency_log::{
    InclusionEvidence, SignedNote, Signer, TileSet, TreeBuilder, inclusion_proof, leaf_hash,
};

use super::*;

const NAMES: [&str; 4] = [REPORT, PROOF, "checkpoint", "checks/log.verified.json"];

struct Case {
    folder: tempfile::TempDir,
    signer: Signer,
}

impl Case {
    fn new() -> Self {
        let signer = Signer::from_seed("example.org/log", [7; 32]).unwrap();
        let case = Self { folder: tempfile::tempdir().unwrap(), signer };
        fs::create_dir(case.path("checks")).unwrap();
        fs::write(case.path(REPORT), b"{\"exit_code\":2}").unwrap();
        fs::write(case.path("checkpoint"), b"note").unwrap();
        fs::write(case.path("checks/log.verified.json"), b"{}").unwrap();
        let digest = hexadecimal(b"{\"exit_code\":2}");
        fs::write(case.path(PROOF), case.prove(&digest)).unwrap();
        case.sign(Kind::Evidence.header(), &NAMES);
        case
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The log of one entry, which names this report.
    fn prove(&self, digest: &str) -> String {
        let entry = format!(
            "{{\"action\":\"sovereignty.assess\",\"at\":1,\"subject\":\"report:sha256:{digest}\",\"v\":3}}"
        );
        let mut tree = TreeBuilder::new();
        tree.push(leaf_hash(entry.as_bytes()));
        let mut tiles = TileSet::new();
        for (tile, hashes) in tree.take_changed() {
            tiles.insert(tile, hashes);
        }
        let origin = self.signer.name().to_owned();
        let checkpoint = Checkpoint { origin, size: 1, root: tree.root() };
        let checkpoint = checkpoint.sign(&self.signer).unwrap();
        let proof = inclusion_proof(0, 1, &tiles).unwrap();
        let extra = Some(entry.into_bytes());
        InclusionEvidence { index: 0, proof, extra, checkpoint }.to_string()
    }

    fn sign(&self, header: &str, names: &[&str]) {
        let digest = |name: &&str| {
            let bytes = fs::read(self.path(name)).unwrap_or_default();
            ((*name).to_owned(), Value::from(hexadecimal(&bytes)))
        };
        let files: Map<_, _> = names.iter().map(digest).collect();
        let statement = serde_json::json!({
            "files": files, "proven": true, "conclusion": "passed", "assessed_at": "now",
        });
        let note = SignedNote::sign(&format!("{header}\n{statement}\n"), &self.signer).unwrap();
        fs::write(self.path(NOTE), note.to_string()).unwrap();
    }

    /// Codes of what is found, with the files that are named.
    fn found(&self) -> Vec<String> {
        let request = EvidenceRequest {
            folder: self.folder.path().to_owned(),
            key: self.signer.verifier().to_string().into(),
            checkpoints: Vec::new(),
        };
        let report = verify(&request).unwrap();
        let told = report.problems.listed().iter().map(|problem| match problem {
            Problem::EvidenceChanged { file, .. } => format!("{} {file}", problem.code()),
            problem => problem.code().to_owned(),
        });
        told.collect()
    }
}

#[test]
fn whole_evidence_is_verified() {
    assert_eq!(Case::new().found(), [""; 0]);
}

#[test]
fn every_changed_byte_of_every_file_is_named() {
    let case = Case::new();
    for name in NAMES {
        let whole = fs::read(case.path(name)).unwrap();
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            fs::write(case.path(name), changed).unwrap();
            assert_eq!(case.found(), [format!("evidence.changed {name}")], "{name} {at}");
        }
        fs::write(case.path(name), whole).unwrap();
    }
    let whole = fs::read(case.path(NOTE)).unwrap();
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(case.path(NOTE), changed).unwrap();
        assert!(!case.found().is_empty(), "the note at {at}");
    }
}

#[test]
fn files_that_are_missing_or_too_many_are_named() {
    let case = Case::new();
    fs::write(case.path("checks/other.json"), b"").unwrap();
    assert_eq!(case.found(), ["evidence.changed checks/other.json"]);
    fs::remove_file(case.path("checks/other.json")).unwrap();
    fs::remove_file(case.path("checkpoint")).unwrap();
    assert_eq!(case.found(), ["evidence.changed checkpoint"]);
}

#[test]
fn a_report_that_the_log_does_not_name_is_found() {
    let case = Case::new();
    fs::write(case.path(REPORT), b"{\"exit_code\":0}").unwrap();
    case.sign(Kind::Evidence.header(), &NAMES);
    assert_eq!(case.found(), ["evidence.differs"]);
}

#[test]
fn other_notes_are_no_evidence() {
    let case = Case::new();
    case.sign("galerne receipt v1", &NAMES);
    assert_eq!(case.found(), ["evidence.malformed"]);
    case.sign(Kind::Evidence.header(), &["../outside"]);
    assert!(case.found().contains(&"evidence.malformed".to_owned()));
    let stranger = Case { signer: Signer::from_seed("other.org/log", [8; 32]).unwrap(), ..case };
    stranger.sign(Kind::Evidence.header(), &NAMES);
    let own = Signer::from_seed("example.org/log", [7; 32]).unwrap();
    let judged = Case { signer: own, ..stranger };
    assert!(judged.found().contains(&"evidence.signature".to_owned()));
}
