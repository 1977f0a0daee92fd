use domain::Timestamp;
use model_signing::{Curve, FileDigest, SigningKey};

use super::*;
use crate::model_files::Format;

struct Case {
    folder: tempfile::TempDir,
    manifest: Manifest,
    contents: Contents,
}

fn case() -> Case {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.gguf");
    fs::write(&path, b"weights").unwrap();
    let contents = Contents::read(&path, Format::Gguf, &mut |_| Ok(())).unwrap();
    let manifest = Manifest {
        id: "model".to_owned(),
        format: Format::Gguf,
        sha256: contents.sha256.clone(),
        bytes: contents.bytes,
        architecture: "llama".to_owned(),
        imported_at: Timestamp::from_micros(0),
        base: None,
    };
    Case { folder, manifest, contents }
}

fn waivers() -> WaiverKey {
    WaiverKey::from_bytes([7; 32])
}

fn trust(case: &Case, signatures: Signatures, key: Option<&SigningKey>) -> Trust {
    let keys = case.folder.path().join("keys");
    fs::create_dir_all(&keys).unwrap();
    if let Some(key) = key {
        fs::write(keys.join("lab.pub"), key.public().to_pem()).unwrap();
    }
    TrustSource { signatures, keys, waivers: waivers() }.read().unwrap()
}

fn signed(contents: &Contents, key: &SigningKey) -> Vouchers {
    let statement = Statement::new("model", contents.files.clone()).unwrap();
    let bundle = SignatureBundle::sign(&statement, key).unwrap();
    Vouchers { signature: Some(bundle.to_json().into_bytes()), waiver: None }
}

#[test]
fn unsigned_models_are_loaded_unless_signatures_are_required() {
    let case = case();
    let judge = |signatures, vouchers: &Vouchers| {
        trust(&case, signatures, None).judge(&case.manifest, &case.contents, vouchers)
    };
    let nothing = Vouchers::default();
    assert_eq!(judge(Signatures::Optional, &nothing), Ok(Standing::Unsigned));
    assert_eq!(judge(Signatures::Required, &nothing), Err(Refusal::Unsigned));
    let waiver = waivers().waive(&case.manifest.sha256, "ours", Timestamp::from_micros(1));
    let waived = Vouchers { waiver: Some(serde_json::to_vec(&waiver).unwrap()), ..nothing };
    assert_eq!(judge(Signatures::Required, &waived), Ok(Standing::Waived(waiver)));
}

#[test]
fn signatures_count_by_the_keys_in_the_folder() {
    let (case, key) = (case(), SigningKey::generate(Curve::P256).unwrap());
    let vouchers = signed(&case.contents, &key);
    let judge = |trust: &Trust| trust.judge(&case.manifest, &case.contents, &vouchers);
    let stranger = trust(&case, Signatures::Required, None);
    let refused = judge(&stranger).unwrap_err();
    assert_eq!(refused.code(), "model.untrusted");
    let fingerprint = key.public().fingerprint();
    let tolerant = trust(&case, Signatures::Optional, None);
    assert_eq!(judge(&tolerant), Ok(Standing::Foreign { fingerprint }));
    let known = trust(&case, Signatures::Required, Some(&key));
    assert_eq!(judge(&known), Ok(Standing::Signed { key: "lab".to_owned() }));
    assert_ne!(known.evidence(&vouchers), stranger.evidence(&vouchers));
    assert_ne!(known.evidence(&vouchers), known.evidence(&Vouchers::default()));
}

#[test]
fn changed_bytes_are_refused_whatever_speaks_for_them() {
    let (case, key) = (case(), SigningKey::generate(Curve::P256).unwrap());
    let vouchers = signed(&case.contents, &key);
    for signatures in [Signatures::Optional, Signatures::Required] {
        let trust = trust(&case, signatures, Some(&key));
        // The file was changed.
        let mut changed = case.contents.clone();
        changed.sha256 = FileDigest::of(b"other").to_string();
        changed.files[0].1 = FileDigest::of(b"other");
        let found = trust.judge(&case.manifest, &changed, &vouchers).unwrap_err();
        assert!(matches!(found, Refusal::Damaged { .. }), "{found}");
        // So was the manifest.
        let manifest = Manifest { sha256: changed.sha256.clone(), ..case.manifest.clone() };
        let found = trust.judge(&manifest, &changed, &vouchers).unwrap_err();
        assert!(matches!(found, Refusal::Differs { .. }), "{found}");
        assert_eq!(found.code(), "model.damaged");
        // So was the signature.
        let mut broken = vouchers.clone();
        let bytes = broken.signature.as_mut().unwrap();
        let at = bytes.len() - 40;
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let found = trust.judge(&case.manifest, &case.contents, &broken).unwrap_err();
        assert_eq!(found.code(), "model.signature_invalid");
        assert!(!found.lacks_a_voucher());
    }
}

#[test]
fn files_that_were_signed_and_would_be_read_are_not_left_out() {
    let case = case();
    let file = |name: &str| (name.to_owned(), FileDigest::of(name.as_bytes()));
    let mut contents = case.contents;
    contents.files = vec![file("config.json"), file("model.safetensors")];
    let check = |beside: &str| {
        let files = contents.files.iter().cloned().chain([file(beside)]);
        let statement = Statement::new("model", files).unwrap();
        compare(&statement, &contents).map_err(|refusal| refusal.to_string())
    };
    assert_eq!(check("README.md"), Ok(()));
    assert!(check("chat_template.jinja").unwrap_err().contains("`chat_template.jinja` missing"));
    let statement = Statement::new("model", [contents.files[0].clone()]).unwrap();
    let told = compare(&statement, &contents).unwrap_err().to_string();
    assert!(told.contains("`model.safetensors` not signed"), "{told}");
}

#[test]
fn files_that_are_no_keys_are_told_of() {
    let case = case();
    let keys = case.folder.path().join("keys");
    fs::create_dir(&keys).unwrap();
    fs::write(keys.join("bad.pub"), "no key").unwrap();
    fs::write(keys.join("notes.txt"), "not looked at").unwrap();
    let trust = trust(&case, Signatures::Required, None);
    assert_eq!(trust.problems.len(), 1);
    assert!(trust.problems[0].contains("bad.pub"), "{:?}", trust.problems);
}
