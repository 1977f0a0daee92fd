-- Limits on what is used, and what it cost.
-- This file is frozen: later changes are new files.

CREATE TABLE budget (
    organisation_id BLOB NOT NULL,
    scope TEXT NOT NULL CHECK (scope IN ('key', 'account', 'project', 'organisation')),
    -- Of the key, account or project; of the organisation itself its own id.
    scope_id BLOB NOT NULL CHECK (length(scope_id) = 16),
    quantity TEXT NOT NULL CHECK (quantity IN ('requests_per_minute', 'tokens_per_minute',
        'tokens_per_month', 'euros_per_month', 'kwh_per_month')),
    -- In requests, tokens, millionths of a euro, or thousandths of a joule.
    amount INTEGER NOT NULL CHECK (amount >= 0),
    set_at INTEGER NOT NULL,
    PRIMARY KEY (organisation_id, scope, scope_id, quantity),
    FOREIGN KEY (organisation_id) REFERENCES organisation (id)
) STRICT, WITHOUT ROWID;

-- In millionths of a euro. NULL in rows that are not settled, or older than this.
ALTER TABLE usage ADD COLUMN cost_microeuros INTEGER CHECK (cost_microeuros >= 0);

-- What a month used is added up at every start.
CREATE INDEX usage_of_time ON usage (organisation_id, opened_at);

-- With the end of a request it is known who answered it: perhaps not who was asked first.
DROP TRIGGER usage_keeps_what_answered;
CREATE TRIGGER usage_keeps_what_answered BEFORE UPDATE OF model_digest, deployment_id ON usage
WHEN NEW.model_digest IS NOT OLD.model_digest
    OR (NEW.deployment_id IS NOT OLD.deployment_id
        AND NOT (OLD.outcome = 'running' AND NEW.outcome <> 'running'
            AND NEW.deployment_id IS NOT NULL))
BEGIN
    SELECT RAISE(ABORT, 'what answered a request is never changed');
END;
