# For makefiles that build Go programs with wasmer: $(WITH_WASMER) go build -tags '$(WASMER_TAGS)'.
# A makefile sets LIBWASMER anew where it builds for another target.

LIBWASMER   := $(shell $(dir $(lastword $(MAKEFILE_LIST)))build.sh where)
WITH_WASMER  = CGO_ENABLED=1 CGO_CFLAGS='-O2 -I$(LIBWASMER)/include' CGO_LDFLAGS='-L$(LIBWASMER)/lib -lwasmer -lm -ldl -lpthread'
# The first tag is Sealift's own, the second wasmer-go's: it shall not link the Wasmer of 2021 that it brings along.
WASMER_TAGS := wasmer custom_wasmer_runtime

# What makes a static program of it, without the parts of Wasmer that it never calls.
STATIC_TAGS    := netgo osusergo
STATIC_LDFLAGS := -s -w -linkmode external -extldflags "-static -Wl,--gc-sections"
