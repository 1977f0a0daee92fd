//! A companion that answers, and those that do not.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{process::Command, time::Duration};

use companion::{Companion, CompanionError, Pipes};

const LONG: Duration = Duration::from_mins(5);

fn companion(script: &str) -> Companion {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script]);
    Companion::connect(Pipes::start(command).unwrap(), 1000).unwrap()
}

#[tokio::test]
async fn answers_belong_to_their_questions() {
    // It answers each question twice: what nobody waits for is passed over.
    let asked = companion(
        "while read line; do n=$(echo \"$line\" | sed 's/.*number\":\\([0-9]*\\).*/\\1/'); \
         for again in 1 2; do echo \"{\\\"number\\\":$n,\\\"outcome\\\":\\\"of $n\\\"}\"; done; done",
    );
    for number in 1..5 {
        let answer: String = asked.ask("what", LONG).await.unwrap();
        assert_eq!(answer, format!("of {number}"));
    }
}

#[tokio::test]
async fn what_comes_instead_of_an_answer_is_told() {
    let ask = async |script: &str, deadline| -> CompanionError {
        companion(script).ask::<_, String>("what", deadline).await.unwrap_err()
    };
    assert!(matches!(ask("exit 0", LONG).await, CompanionError::Ended));
    assert!(matches!(ask("read line; printf part", LONG).await, CompanionError::Ended));
    let endless = "while :; do printf more; done";
    assert!(matches!(ask(endless, LONG).await, CompanionError::Ended));
    assert!(matches!(ask("read line; echo none; cat", LONG).await, CompanionError::Garbled { .. }));
    assert!(matches!(ask("cat > /dev/null", Duration::ZERO).await, CompanionError::Late { .. }));
    let long: Result<String, _> = companion("cat").ask("x".repeat(5000), LONG).await;
    assert!(matches!(long, Err(CompanionError::Long)));
}
