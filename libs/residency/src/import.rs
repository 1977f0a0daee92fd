//! Reads the files in which providers publish their addresses.

use serde::Deserialize;

use crate::{Prefix, PrefixError};

/// The networks of one provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Id of the provider, as in the list of hyperscalers.
    pub operator: &'static str,
    /// What the file says of its age: a date, a number of changes.
    pub published: String,
    /// What belongs to it.
    pub prefixes: Vec<Prefix>,
}

/// Why a file cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It has the form of no known provider.
    #[error(
        "it is none of AWS ip-ranges.json, Azure ServiceTags, Google cloud.json and Oracle public_ip_ranges.json"
    )]
    Unknown {
        /// What the closest form misses.
        source: serde_json::Error,
    },
    /// It names something that is no network.
    #[error("it cannot be read whole")]
    Prefix {
        /// What it names.
        source: PrefixError,
    },
    /// It holds nothing: an error page, most likely.
    #[error("it names no network")]
    Empty,
}

/// The four forms, told apart by the fields that only one of them has.
#[derive(Deserialize)]
#[serde(untagged)]
enum File {
    /// `https://ip-ranges.amazonaws.com/ip-ranges.json`
    Amazon {
        #[serde(rename = "createDate")]
        created: String,
        prefixes: Vec<AmazonV4>,
        ipv6_prefixes: Vec<AmazonV6>,
    },
    /// `ServiceTags_Public_<date>.json`, from Microsoft's download centre.
    Azure {
        #[serde(rename = "changeNumber")]
        change: u64,
        values: Vec<AzureTag>,
    },
    /// `https://www.gstatic.com/ipranges/cloud.json`
    Google {
        #[serde(rename = "creationTime")]
        created: String,
        prefixes: Vec<GooglePrefix>,
    },
    /// `https://docs.oracle.com/iaas/tools/public_ip_ranges.json`
    Oracle {
        #[serde(rename = "last_updated_timestamp")]
        updated: String,
        regions: Vec<OracleRegion>,
    },
}

#[derive(Deserialize)]
struct AmazonV4 {
    ip_prefix: String,
}

#[derive(Deserialize)]
struct AmazonV6 {
    ipv6_prefix: String,
}

#[derive(Deserialize)]
struct AzureTag {
    properties: AzureProperties,
}

#[derive(Deserialize)]
struct AzureProperties {
    #[serde(rename = "addressPrefixes")]
    prefixes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum GooglePrefix {
    V4 {
        #[serde(rename = "ipv4Prefix")]
        prefix: String,
    },
    V6 {
        #[serde(rename = "ipv6Prefix")]
        prefix: String,
    },
}

#[derive(Deserialize)]
struct OracleRegion {
    cidrs: Vec<OracleNetwork>,
}

#[derive(Deserialize)]
struct OracleNetwork {
    cidr: String,
}

impl Imported {
    /// Reads a file as its provider publishes it; which one that is follows from its form.
    pub fn parse(json: &[u8]) -> Result<Self, ImportError> {
        let file: File =
            serde_json::from_slice(json).map_err(|source| ImportError::Unknown { source })?;
        let (operator, published, texts) = file.content();
        let prefixes = texts.iter().map(|text| text.parse()).collect::<Result<Vec<_>, _>>();
        let prefixes = prefixes.map_err(|source| ImportError::Prefix { source })?;
        if prefixes.is_empty() {
            return Err(ImportError::Empty);
        }
        // It becomes part of a line.
        let published = published.chars().filter(|c| !c.is_control()).take(100).collect();
        Ok(Self { operator, published, prefixes })
    }
}

impl File {
    fn content(self) -> (&'static str, String, Vec<String>) {
        match self {
            Self::Amazon { created, prefixes, ipv6_prefixes } => {
                let v6 = ipv6_prefixes.into_iter().map(|entry| entry.ipv6_prefix);
                let v4 = prefixes.into_iter().map(|entry| entry.ip_prefix);
                ("amazon", created, v4.chain(v6).collect())
            }
            Self::Azure { change, values } => {
                let tags = values.into_iter().flat_map(|tag| tag.properties.prefixes);
                ("microsoft", format!("change {change}"), tags.collect())
            }
            Self::Google { created, prefixes } => {
                let prefixes = prefixes.into_iter().map(|entry| match entry {
                    GooglePrefix::V4 { prefix } | GooglePrefix::V6 { prefix } => prefix,
                });
                ("google", created, prefixes.collect())
            }
            Self::Oracle { updated, regions } => {
                let cidrs = regions.into_iter().flat_map(|region| region.cidrs);
                ("oracle", updated, cidrs.map(|network| network.cidr).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, operator: &str, published: &str, prefixes: &[&str]) {
        let imported = Imported::parse(json.as_bytes()).unwrap();
        let texts: Vec<_> = imported.prefixes.iter().map(ToString::to_string).collect();
        assert_eq!((imported.operator, imported.published.as_str()), (operator, published));
        assert_eq!(texts, prefixes);
    }

    /// In the forms that the providers document; addresses are those reserved for documentation.
    #[test]
    fn every_provider_s_form_is_read() {
        let amazon = r#"{"syncToken":"1763745187","createDate":"2026-11-21-17-13-07",
            "prefixes":[{"ip_prefix":"198.51.100.0/24","region":"eu-west-3","service":"AMAZON",
            "network_border_group":"eu-west-3"}],
            "ipv6_prefixes":[{"ipv6_prefix":"2001:db8:1::/48","region":"eu-west-3",
            "service":"S3","network_border_group":"eu-west-3"}]}"#;
        let both = ["198.51.100.0/24", "2001:db8:1::/48"];
        check(amazon, "amazon", "2026-11-21-17-13-07", &both);
        let azure = r#"{"changeNumber":371,"cloud":"Public","values":[{"name":"ActionGroup",
            "id":"ActionGroup","properties":{"changeNumber":9,"region":"","regionId":0,
            "platform":"Azure","systemService":"ActionGroup",
            "addressPrefixes":["198.51.100.0/24","2001:db8:1::/48"],
            "networkFeatures":["API","NSG"]}}]}"#;
        check(azure, "microsoft", "change 371", &both);
        let google = r#"{"syncToken":"1763745187","creationTime":"2026-11-21T09:13:07.93",
            "prefixes":[{"ipv4Prefix":"198.51.100.0/24","service":"Google Cloud",
            "scope":"europe-west9"},{"ipv6Prefix":"2001:db8:1::/48","service":"Google Cloud",
            "scope":"europe-west9"}]}"#;
        check(google, "google", "2026-11-21T09:13:07.93", &both);
        let oracle = r#"{"last_updated_timestamp":"2026-11-21T00:00:00.000000",
            "regions":[{"region":"eu-paris-1","cidrs":[{"cidr":"198.51.100.0/24",
            "tags":["OCI"]}]}]}"#;
        check(oracle, "oracle", "2026-11-21T00:00:00.000000", &["198.51.100.0/24"]);
    }

    #[test]
    fn other_files_are_refused() {
        for json in ["", "{}", "[]", "<html>", r#"{"prefixes":[]}"#, r#"{"regions":[]}"#] {
            let error = Imported::parse(json.as_bytes()).unwrap_err();
            assert!(matches!(error, ImportError::Unknown { .. }), "{json}: {error:?}");
        }
        let empty = r#"{"last_updated_timestamp":"a","regions":[]}"#;
        assert!(matches!(Imported::parse(empty.as_bytes()), Err(ImportError::Empty)));
        let wrong = r#"{"creationTime":"a","prefixes":[{"ipv4Prefix":"everything"}]}"#;
        assert!(matches!(Imported::parse(wrong.as_bytes()), Err(ImportError::Prefix { .. })));
    }
}
