# The only door: every command of this repository. `make` alone lists them.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup dev test smoke chaos chaos-short chaos-long bench bench-short bench-page lint format schema build
export PATH := $(CURDIR)/backend/.venv/bin:$(CURDIR)/.tools/bin:$(PATH)
unexport PYTHONDONTWRITEBYTECODE
PAGE := frontend/dist/index.html
STEPS ?=
ONLY ?=
BENCH := exec env PYTHONPATH=backend:. python -m bench
CHAOS := cd backend && exec env PYTHONPATH=.:../tests DEBUG=1 OPENAI_API_KEY=none python -m chaos

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install everything that the lock files ask for (the other targets do it by themselves)
	@backend/bin/setup

dev: setup ## Run it all in this terminal, reload at each change; PORT=5173, .env for a real provider
	@cd backend && exec python -m config.dev

test: setup ## Check and test everything; STEPS="ruff pytest" runs only those (STEPS=list names them)
	@exec python tests/run.py $(STEPS)

smoke: setup $(PAGE) ## Start the stack, chat over it as a person would, compare all that was seen
	@cd backend && exec env PYTHONPATH=.:../tests python ../tests/e2e/smoke.py

chaos: setup ## Try all promises while things are killed (50 min); ONLY="1 5 14" tries only those
	@$(CHAOS) full --only $(ONLY)

chaos-short: setup ## The same with small counts (3 min)
	@$(CHAOS) short --only $(ONLY)

chaos-long: setup ## The same in real time and by the million (hours)
	@$(CHAOS) long --only $(ONLY)

bench: setup ## Measure speed and cost beside a naive stack and Chainlit; ONLY="one 100x50"
	@$(BENCH) --only $(ONLY)

bench-short: setup ## A few streams of the benchmark, for their counts alone (2 min)
	@$(BENCH) --short

bench-page: setup $(PAGE) ## Measure how fast the page feels (1 h); ONLY="shape" by title, TRIES=5, MINUTES=10
	@cd frontend && exec npm run --silent bench -- $(if $(ONLY),-g "$(ONLY)")

lint: setup ## Check style, types and the direction of imports, without running tests
	@exec python tests/run.py ruff format mypy imports biome tsc

format: setup ## Format the code of both sides and fix what can be fixed
	@ruff check --quiet --fix backend tests bench && ruff format --quiet backend tests bench
	@cd frontend && npm run --silent format

schema: setup ## Write backend/openapi.yaml and the page's types anew
	@cd backend && DEBUG=1 python manage.py spectacular --validate --fail-on-warn --file openapi.yaml
	@cd frontend && npm run --silent client

build: setup $(PAGE) ## Build the page into frontend/dist, where Django serves it from

$(PAGE): frontend/package-lock.json $(wildcard frontend/*.ts frontend/*.html frontend/*.json) \
		$(shell find frontend/src frontend/public -type f 2>/dev/null) | setup
	@cd frontend && npx --no vite build --logLevel warn
	@touch $@
