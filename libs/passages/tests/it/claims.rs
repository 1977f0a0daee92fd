use passages::{Missing, missing_claims};

/// What is missing, as its kind and the words of the statement.
fn missing(statement: &str, quotes: &[&str]) -> Vec<String> {
    let named = |missing: &Missing| {
        let kind = match missing {
            Missing::Number(_) => "number",
            Missing::Percentage(_) => "percentage",
            Missing::Amount(_) => "amount",
            Missing::Date(_) => "date",
            Missing::Article(_) => "article",
            Missing::Name(_) => "name",
        };
        format!("{kind} {}", missing.claimed().text)
    };
    missing_claims(statement, quotes).iter().map(named).collect()
}

fn held(statement: &str, quote: &str) {
    assert_eq!(missing(statement, &[quote]), [""; 0], "{statement:?} in {quote:?}");
}

fn not_held(statement: &str, quote: &str, expected: &[&str]) {
    assert_eq!(missing(statement, &[quote]), expected, "{statement:?} in {quote:?}");
}

#[test]
fn numbers() {
    held("Il y a 1234 cas.", "On compte 1 234 cas");
    held("Il y a 1234 cas.", "On compte 1\u{202f}234 cas");
    held("Es gibt 1.234,50 Fälle.", "1234,5 Fälle");
    held("There are 1,234,567 cases.", "1234567");
    held("यहाँ १२३ लोग हैं।", "123 people");
    held("هناك ١٬٢٣٤ حالة.", "1 234 cas");
    held("Il vit 12,34,567 fois.", "1234567 fois");
    held("Ils sont 2 millions.", "2 000 000");
    held("C'est en 2019.", "le 3 mars 2019");
    not_held("Il y a 12 cas et 13 non.", "12 cas, 130 non", &["number 13"]);
    not_held("Il y a 1 cas.", "1 000 cas", &["number 1"]);
    not_held("Il y a 1,5 cas.", "15 cas", &["number 1,5"]);
}

#[test]
fn percentages_and_amounts() {
    held("Le taux est de 5,5 %.", "un taux de 5.5%");
    held("Le taux est de 5 pour cent.", "un taux de 5 %");
    held("The rate is 5 percent.", "5 Prozent");
    held("النسبة ٥٪.", "5 %");
    held("Il paie 5 000 €.", "un montant de 5000 euros");
    held("It costs €5.", "5 EUR");
    held("Il paie 2 millions d'euros.", "2 000 000 €");
    not_held("Le taux est de 5 %.", "5 personnes", &["percentage 5 %"]);
    not_held("Il paie 5 €.", "5 dollars", &["amount 5 €"]);
    not_held("Il paie 50 €.", "5 €", &["amount 50 €"]);
}

#[test]
fn addresses() {
    held("See https://example.org/a.", "It stands at <https://example.org/a>.");
    held("Écrire à Mairie@Example.org.", "mairie@example.org");
    held("He and/or she pays; l'État et la ville paient.", "he and she pay, l'État et la ville");
    let far = "https://evil.example/?q=canary";
    not_held(&format!("See {far}"), "See the rules.", &[&format!("name {far}")]);
    not_held("انظر //evil.example/x", "انظر", &["name //evil.example/x"]);
    let picture = "![x](https://example.org/a)";
    not_held(picture, "https://example.org/a", &[&format!("name {picture}")]);
    not_held("Write to a@evil.example", "Write to b@example.org", &["name a@evil.example"]);
    not_held("<img src=//evil.example>", "an image", &["name src=//evil.example>"]);
    held("The metadata: none.", "no metadata: none");
}

#[test]
fn dates() {
    held("Le 3 avril 2019, il signe.", "signé le 03/04/2019");
    held("Le 1er avril 2019.", "2019-04-01");
    held("On April 3rd, 2019.", "le 3 avril 2019");
    held("Am 3. Oktober 1990.", "3 October 1990");
    held("El 3 de abril de 2019.", "3 April 2019");
    held("في ٣ أبريل ٢٠١٩.", "le 3 avril 2019");
    held("3 अप्रैल 2019 को।", "2019-04-03");
    held("En avril 2019.", "le 3 avril 2019");
    held("وقع في 5 كانون الثاني 2020.", "5 janvier 2020");
    not_held("Le 4 avril 2019.", "le 3 avril 2019", &["date 4 avril 2019"]);
    not_held("En mai 2019.", "le 3 avril 2019", &["date mai 2019"]);
    not_held("Le 3 avril 2019.", "le 3 avril", &["date 3 avril 2019"]);
}

#[test]
fn articles() {
    held("Selon l'article L. 123-4.", "Art. L123-4 du code");
    held("Selon l'art. L. 123-4.", "les articles L. 123-\n4 et R. 5");
    held("Selon l'article 13.", "aux articles 11, 12 et 13");
    held("وفقا للمادة 5.", "article 5");
    held("Nach § 5.", "Artikel 5");
    held("अनुच्छेद २१ के अनुसार।", "Article 21");
    not_held("Selon l'article 12.", "12 personnes", &["article article 12"]);
    not_held("Selon l'art. R. 123-4.", "L. 123-4", &["article art. R. 123-4"]);
}

#[test]
fn names() {
    held("Le ministre Macron a signé à Paris.", "À PARIS, E. MACRON");
    held("Selon elle, l'État paie.", "L’ETAT");
    held("Ceci vaut.", "autre chose");
    held("Der Vertrag endet heute.", "le contrat");
    held("The US and NATO agreed.", "NATO, US");
    not_held("Le ministre Macron a signé.", "le ministre", &["name Macron"]);
    not_held("Le RGPD vaut.", "la loi", &["name RGPD"]);
    not_held("Der Kanzler Willy Brandt ist da.", "Willy", &["name Kanzler", "name Brandt"]);
    not_held("L'avion A320 vole.", "l'avion A321", &["name A320"]);
    not_held("वह Google में है।", "वह कंपनी में है।", &["name Google"]);
}

#[test]
fn several_quotes_hold_together_what_none_holds_alone() {
    assert_eq!(missing("De 5 à 10.", &["5", "10"]), [""; 0]);
    assert_eq!(missing("De 5 à 10.", &[]), ["number 5", "number 10"]);
    assert_eq!(missing("", &[]), [""; 0]);
}

#[test]
fn long_rows_of_numbers_are_read_once() {
    let numbers: Vec<String> = (0..50_000).map(|n| format!("x{n}, {n} ; ")).collect();
    for text in ["1-".repeat(50_000), "123 ".repeat(50_000), numbers.concat()] {
        assert!(missing_claims(&text, &[&text]).is_empty());
    }
}

#[test]
fn claims_stand_where_they_say() {
    let statement = "À Paris, 5 % en 2019.";
    for missing in missing_claims(statement, &[]) {
        let claimed = missing.claimed();
        assert_eq!(statement.get(claimed.span.range()), Some(claimed.text.as_str()));
    }
}
