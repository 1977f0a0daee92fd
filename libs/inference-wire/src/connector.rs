use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What Mistral's agents ask for when they start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConnectorList {
    /// Always empty.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Object>))]
    pub connectors: Vec<Value>,
}
