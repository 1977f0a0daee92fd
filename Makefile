# The commands of a newcomer; `cargo xtask --help` has the rest.

MODEL ?= smollm2

.DEFAULT_GOAL := help
.PHONY: help run test test-neon check conformance-engine bench-engine bench-log bench-guarded bench-gateway bench-batch bench-web eval-knowledge

help:
	@echo 'make run            build, fetch the model, serve on 127.0.0.1:8080 (MODEL=gemma3-270m for another)'
	@echo 'make test           every test: Rust, page, real clients, browser'
	@echo 'make test-neon      the ARM kernels on an emulator, which it fetches from Debian (not in make test)'
	@echo 'make check          formatting, lints, layers, licences'
	@echo 'make conformance-engine   compare our engine with llama.cpp for longer, every model that is here'
	@echo 'make bench-engine   measure our engine beside the reference server'
	@echo 'make bench-log      measure the log beside a plain hash chain'
	@echo 'make bench-guarded  measure what identity, rules, audit, receipts and encryption add to a request'
	@echo 'make bench-gateway  measure Galerne as a gateway beside LiteLLM and beside a bare proxy'
	@echo 'make bench-batch    measure a batch job of 100,000 requests whose server is killed in the middle'
	@echo 'make bench-web      measure the page: first load, long conversations, very many of them'
	@echo 'make eval-knowledge measure how documents are found and cited, how fast, and whether anything leaks'
	@echo 'GALERNE_DATA_DIR and GALERNE_LISTEN say where data lies and where the server listens.'

run:
	@cargo xtask run --model '$(MODEL)'

test:
	@cargo xtask test

test-neon:
	@cargo xtask test-neon

check:
	@cargo xtask check

conformance-engine:
	@cargo xtask conformance-engine '$(MODEL)'

bench-engine:
	@cargo xtask bench-engine '$(MODEL)'

bench-log:
	@cargo xtask bench-log

bench-guarded:
	@cargo xtask bench-guarded

bench-gateway:
	@cargo xtask bench-gateway

bench-batch:
	@cargo xtask bench-batch

bench-web:
	@cargo xtask bench-web

eval-knowledge:
	@cargo xtask eval-knowledge '$(MODEL)'
