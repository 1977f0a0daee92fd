//! `galerne login-link`

use serde_json::json;

use crate::{cli::LoginLink, failure::Failure, output::Output, wiring::Local};

pub(crate) async fn run(local: &Local, flags: &LoginLink, output: Output) -> Result<(), Failure> {
    let caller = local.operator().await?;
    let token = local.access.create_link(&caller).await?;
    let base = match &flags.base_url {
        Some(base) => base.trim_end_matches('/').to_owned(),
        None => format!("http://{}", local.listen),
    };
    let link = page_link(&base, &token);
    local.close().await;
    let text = format!("{link}\nvalid once, 10 minutes");
    output.show(&text, &json!({ "url": link, "valid_seconds": 600 }))
}

/// The token is in the fragment, which browsers never send to a server or a proxy.
pub(crate) fn page_link(base: &str, token: &str) -> String {
    format!("{base}/#token={token}")
}
