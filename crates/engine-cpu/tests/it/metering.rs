//! What is charged is what was used.

use inference::ports::Consumed;
use rustix::time::{ClockId, clock_gettime};

use super::{read_with_settlement, start, tiny_model::TinyModel, two_threads};

#[expect(clippy::cast_precision_loss, reason = "nanoseconds of a second are exact")]
fn process_cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

#[tokio::test]
async fn concurrent_generations_are_charged_the_whole_process() {
    // Wide enough for the work to outweigh what happens before the first step and after the last.
    let model = TinyModel { layers: 24, ..TinyModel::default() };
    let running = start(&model, &two_threads());
    let before = process_cpu_seconds();
    let mut generations: Vec<_> = (0..12)
        .map(|index| running.generate(running.request(index, 10 + 20 * index, 200)))
        .collect();
    // One leaves early, and is charged for its part.
    let left = generations.pop().expect("one");
    drop(left.events);
    let mut all: Vec<Consumed> = Vec::new();
    for generation in generations {
        all.push(read_with_settlement(generation).await.1);
    }
    all.push(left.settled.await.expect("settled"));
    let used = process_cpu_seconds() - before;
    let charged: f64 = all.iter().map(|consumed| consumed.cpu_seconds).sum();
    let joules: f64 = all.iter().map(|consumed| consumed.energy.joules.value()).sum();
    assert!(
        (charged - used).abs() <= 0.05 * used,
        "{charged:.4} s charged of {used:.4} s of processor time"
    );
    if all.iter().all(|consumed| consumed.energy.method == carbon_ledger::Method::Estimated) {
        let expected = carbon_ledger::factors::CPU_POWER.energy(used).expect("valid");
        let expected = expected.joules.value();
        assert!((joules - expected).abs() <= 0.05 * expected, "{joules} J of {expected} J");
    }
}

/// Whatever holds up a step is charged to those who are in it, so the least of some rounds counts.
#[tokio::test]
async fn longer_work_is_charged_more() {
    const ROUNDS: u32 = 7;
    let running = start(&TinyModel::default(), &two_threads());
    let mut least = [f64::INFINITY; 3];
    for round in 0..ROUNDS {
        // Prompts that begin alike would be computed once.
        let together = [(0, 300, 2), (1, 10, 2), (2, 10, 100)].map(|(at, prompt, answer)| {
            running.generate(running.request(3 * round + at, prompt, answer))
        });
        for (generation, least) in together.into_iter().zip(&mut least) {
            let consumed = read_with_settlement(generation).await.1;
            *least = least.min(consumed.energy.joules.value());
        }
    }
    let [long_prompt, short, long_answer] = least;
    assert!(long_prompt > short && long_answer > short, "{least:?}");
}
