//! Reading what another account wrote, while two persons have opened it.

use domain::ConversationId;
use governance::{Action, AuditFact, ReadPermit, Subject};

use crate::{Assistant, AssistantError, History, ListQuery, Page, Scope, assistant::about};

impl Assistant {
    /// The conversations of the subject of a permit.
    pub async fn inspect_list(
        &self,
        permit: &ReadPermit,
        query: ListQuery,
    ) -> Result<Page, AssistantError> {
        let page = match query.check() {
            Ok(()) => self.store.list(scope(permit), &query).await.map_err(Into::into),
            Err(error) => Err(error),
        };
        let subject = Subject::Account(permit.subject());
        let fact = AuditFact::ok(Action::BreakGlassRead, *permit.caller(), subject);
        self.recorded(fact, page).await
    }

    /// A conversation of the subject with all its branches. Changes nothing: an answer that
    /// nobody works on any more is told as it is stored.
    pub async fn inspect(
        &self,
        permit: &ReadPermit,
        id: ConversationId,
    ) -> Result<History, AssistantError> {
        let history = self.find_stored(scope(permit), id).await;
        self.recorded(about(Action::BreakGlassRead, permit.caller(), id), history).await
    }

    async fn find_stored(
        &self,
        scope: Scope,
        id: ConversationId,
    ) -> Result<History, AssistantError> {
        let conversation = self.find(scope, id).await?;
        let entries = self.store.entries(scope, id).await?;
        Ok(History { conversation, entries })
    }
}

const fn scope(permit: &ReadPermit) -> Scope {
    Scope { organisation: permit.caller().organisation, account: permit.subject() }
}
