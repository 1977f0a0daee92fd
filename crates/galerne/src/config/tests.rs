//! What the settings come to.

use super::*;

fn load(file: &str, variables: &[(&str, &str)], listen: Option<&str>) -> Result<Settings, String> {
    let temp = tempfile::tempdir().unwrap();
    fs::write(temp.path().join("galerne.toml"), file).unwrap();
    let common = Common { data_dir: Some(temp.path().to_owned()), config: None, json: false };
    let serve = Serve { listen: listen.map(|text| text.parse().unwrap()), threads: None };
    let environment = |name: &str| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    Settings::load_from(&common, Some(&serve), &environment)
        .map_err(|failure| format!("{failure:?}"))
}

fn listen_of(file: &str, variables: &[(&str, &str)], flag: Option<&str>) -> (String, Origin) {
    let listen = load(file, variables, flag).unwrap().listen;
    (listen.value.to_string(), listen.origin)
}

#[test]
fn flag_beats_environment_beats_file_beats_default() {
    let file = "listen = '127.0.0.1:1'";
    let variables = [("GALERNE_LISTEN", "127.0.0.1:2")];
    let flag = Some("127.0.0.1:3");
    let address = |port: u16| format!("127.0.0.1:{port}");
    assert_eq!(listen_of("", &[], None), (address(8080), Origin::Default));
    assert_eq!(listen_of(file, &[], None), (address(1), Origin::File));
    assert_eq!(listen_of(file, &variables, None), (address(2), Origin::Environment));
    assert_eq!(listen_of(file, &variables, flag), (address(3), Origin::Flag));
}

#[test]
fn keeping_prefixes_is_on_and_can_be_turned_off() {
    let kept = |file: &str| load(file, &[], None).unwrap().limits.value.prefix_cache_mib;
    assert_eq!(kept(""), 256);
    assert_eq!(kept("[limits]\nprefix_cache_mib = 0"), 0);
}

#[test]
fn instructions_are_chosen_by_name() {
    let path = |file: &str| load(file, &[], None).unwrap().engine.value.cpu_path.0;
    assert_eq!(path(""), None);
    assert_eq!(path("[engine]\ncpu_path = 'auto'"), None);
    for kind in PathKind::ALL {
        assert_eq!(path(&format!("[engine]\ncpu_path = '{}'", kind.name())), Some(kind));
    }
}

#[test]
fn keys_and_values_are_kept_in_half_precision_unless_told_otherwise() {
    let kept = |file: &str| load(file, &[], None).unwrap().engine.value.kv_cache_type.0;
    assert_eq!(kept(""), KvPrecision::F16);
    assert_eq!(kept("[engine]\nkv_cache_type = 'f16'"), KvPrecision::F16);
    assert_eq!(kept("[engine]\nkv_cache_type = 'q8'"), KvPrecision::Q8);
    let settings = load("[engine]\nkv_cache_type = 'q8'", &[], None).unwrap();
    assert!(settings.describe().contains("engine.kv_cache_type = q8  (file)"));
}

#[test]
fn signatures_of_models_are_optional_unless_told_otherwise() {
    let signatures = |file: &str| load(file, &[], None).unwrap().models.value.signatures;
    assert_eq!(signatures(""), Signatures::Optional);
    assert_eq!(signatures("[models]\nsignatures = 'required'"), Signatures::Required);
}

#[test]
fn types_of_models_are_those_of_mistral_unless_told_otherwise() {
    let types = |file: &str| load(file, &[], None).unwrap().models.value.types;
    assert_eq!(types(""), models::ModelTypes::Mistral);
    assert_eq!(types("[models]\ntypes = 'albert'"), models::ModelTypes::Albert);
    let settings = load("[models]\ntypes = 'albert'", &[], None).unwrap();
    assert!(settings.describe().contains("models.types = albert  (file)"));
}

#[test]
fn wrong_settings_are_named() {
    for (file, expected) in [
        ("listen = 1", "listen"),
        ("threads = 0", "threads"),
        ("[site]\nzone = 'XX'", "XX"),
        ("[site]\ncountry = 'France'", "site.country"),
        ("[site]\noperator_country = 'fr'", "site.operator_country"),
        ("[site]\nparent_country = ''", "site.parent_country"),
        ("[site]\noperator = ''", "site.operator"),
        ("[limits]\nrequests_max = 0", "limits.requests_max"),
        ("[limits]\nprefix_cache_mib = 99999999", "limits.prefix_cache_mib"),
        ("[limits]\nprefix_cache_mib = false", "prefix_cache_mib"),
        ("[engine]\ncpu_path = 'sse'", "avx512-vnni"),
        ("[engine]\nweights_cache_mib = 99999999", "engine.weights_cache_mib"),
        ("[engine]\nkv_cache_type = 'q4'", "f16, q8"),
        ("[log]\nwitness = 'elsewhere'", "elsewhere"),
        ("[log]\nwitness = 'https://a.s3.amazonaws.com'", "residency.denied"),
        ("[residency]\nregion = 'atlantis'", "atlantis"),
        ("[egress]\nallow = []", "allow"),
        ("[models]\nsignatures = 'sometimes'", "required"),
        ("[models]\ntypes = 'openai'", "albert"),
        ("[confinement]\nserver = false\nrequired = true", "confinement.server"),
        ("[confinement]\nread = ['here']", "confinement.read"),
        ("[documents]\nworkers = 0", "documents.workers"),
        ("[documents]\nsize_mib_max = 4096", "documents.size_mib_max"),
        ("[documents]\npdfium = 'libpdfium.so'", "documents.pdfium"),
        ("[documents]\nembedding_model = '../e5'", "documents.embedding_model"),
        ("[index]\nmemory_mib = 1", "index.memory_mib"),
        ("[documents.ocr]\nlanguages = ['../fra']", "documents.ocr.languages"),
        ("[documents.ocr]\ntesseract = '/a'\npp_ocr = '/b'", "documents.ocr"),
        ("[log]\ncheckpoint_seconds = 11", "log.checkpoint_seconds"),
        ("[log]\nwitness_grace_seconds = 0", "log.witness_grace_seconds"),
    ] {
        let message = load(file, &[], None).unwrap_err();
        assert!(message.contains(expected), "{file}: {message}");
    }
    let message = load("", &[("GALERNE_LISTEN", "here")], None).unwrap_err();
    assert!(message.contains("GALERNE_LISTEN"), "{message}");
}

#[test]
fn prices_are_exact_and_one_a_model() {
    let price = |text: &str| {
        let file = format!("[[prices]]\nmodel = 'm'\nprompt_eur_per_million = {text}");
        let settings = load(&file, &[], None)?;
        let prices = prices(&settings.prices.value, &settings.upstreams.value)
            .map_err(|failure| format!("{failure:?}"))?;
        Ok::<_, String>(prices.of(&"m".parse().unwrap()).prompt_per_million.0)
    };
    for (text, expected) in [("0.1", 100_000), ("0.000001", 1), ("3", 3_000_000), ("0", 0)] {
        assert_eq!(price(text), Ok(expected));
    }
    for text in ["-0.1", "nan", "inf", "1e30"] {
        assert!(price(text).unwrap_err().contains("prompt_eur_per_million"), "{text}");
    }
    let twice = "[[prices]]\nmodel = 'm'\n[[prices]]\nmodel = 'm'";
    assert!(load(twice, &[], None).unwrap_err().contains("two prices"));
    assert!(load("[[prices]]\nmodel = ''", &[], None).is_err());
}
