//! What people find in the languages that they write.

use knowledge::{Index as _, IndexPassage, IndexVersion, VersionKey};

use crate::setup::{OURS, World, query};

/// One document for each text, without a word about its language.
async fn found(documents: &[&str], text: &str) -> Vec<u64> {
    let index = World::in_memory().index(1);
    let versions = (1..).zip(documents).map(|(key, text)| IndexVersion {
        key: VersionKey(key),
        language: None,
        passages: vec![IndexPassage { number: 0, text: (*text).to_owned(), vector: None }],
    });
    index.put(OURS, versions.collect()).await.unwrap();
    let all = 1..=u64::try_from(documents.len()).unwrap();
    let hits = index.search(OURS, query(text, all)).await.unwrap();
    hits.iter().map(|hit| hit.version.0).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn french_words_are_found_behind_their_articles_and_in_other_forms() {
    let documents = [
        "Le contrevenant peut contester l’amende forfaitaire dans un délai de quarante-cinq jours.",
        "La carte grise est délivrée par le ministère de l’Intérieur après paiement de la taxe.",
        "Le porte-monnaie électronique est accepté à la cantine de l’école.",
    ];
    assert_eq!(found(&documents, "contestation d'amendes").await[0], 1);
    assert_eq!(found(&documents, "portemonnaie").await, [3]);
    assert_eq!(found(&documents, "intérieur").await, [2]);
    assert!(found(&documents, "l’ d' qu'").await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn arabic_words_are_found_with_and_without_the_article() {
    let documents = [
        "تقدم المدرسة الابتدائية دروسا مجانية للأطفال في المدينة خلال فصل الصيف.",
        "يجب على صاحب السيارة دفع الضريبة السنوية قبل نهاية الشهر الأول.",
    ];
    assert_eq!(found(&documents, "مدرسة").await[0], 1);
    assert_eq!(found(&documents, "ضريبة السيارات").await[0], 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hindi_words_are_found_in_other_forms() {
    let documents = [
        "प्रत्येक लड़के और लड़की को निःशुल्क शिक्षा का अधिकार है और विद्यालय इसका पालन करते हैं।",
        "वाहन का पंजीकरण परिवहन कार्यालय में किया जाता है और शुल्क जमा करना होता है।",
    ];
    assert_eq!(found(&documents, "लड़का").await[0], 1);
    assert_eq!(found(&documents, "वाहनों का पंजीकरण").await[0], 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn german_words_are_found_inside_of_longer_ones() {
    let documents = [
        "Die Kraftfahrzeugsteuer wird jährlich vom Hauptzollamt festgesetzt und eingezogen.",
        "Der Personalausweis wird von der Gemeinde ausgestellt, in der man gemeldet ist.",
    ];
    assert_eq!(found(&documents, "Steuer für Fahrzeuge").await[0], 1);
}
