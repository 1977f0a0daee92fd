-- Each account reads its own requests, page by page, and an organisation may have millions of them.
CREATE INDEX usage_of_account ON usage (organisation_id, account_id, opened_at, request_id);
