//! The suite of the port.

use std::sync::Arc;

use testkit::{EngineUnderTest, engine_suite};

use super::{start, tiny_model::TinyModel, two_threads};

#[tokio::test]
async fn the_engine_passes_the_suite_of_its_port() {
    // The model file is read once; the directory may go.
    engine_suite(async || {
        let model = TinyModel { context: 4096, ..TinyModel::default() };
        let running = start(&model, &two_threads());
        let engine = Arc::clone(&running.engine);
        EngineUnderTest { engine, model: "tiny".parse().expect("an id") }
    })
    .await;
}
