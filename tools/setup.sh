#!/bin/sh
# setup.sh [run] [image] [test] [nightly] [coverage] [lint] [docs] [plot] [debug] - finds what is missing on this machine, and installs it.
#
# Without arguments: everything. Every group includes what `run` needs. When nothing is missing it prints nothing and
# takes a few milliseconds: it looks for files and commands and asks no package manager.
#
# Debian and Ubuntu: as root it installs; otherwise it shows the sudo line and, on a terminal, asks. Elsewhere it prints
# the command to type. Exit status: 0 all is there, 1 something is missing still.
set -u

# group  what to look for (any one of a comma list; a path may be a pattern)  packages: apt  dnf  pacman  brew
# '-' means that this system has no such package. clang-runtime stands for the package of clang's own version.
needs() {
	cat <<'TABLE'
run    gcc,x86_64-elf-gcc      gcc                     gcc                 gcc                x86_64-elf-gcc
run    ld,x86_64-elf-ld        binutils                binutils            binutils           x86_64-elf-binutils
run    make                    make                    make                make               make
run    nasm                    nasm                    nasm                nasm               nasm
run    python3                 python3                 python3             python              python3
run    cpio                    cpio                    cpio                cpio               cpio
run    /usr/include/stdlib.h   libc6-dev               glibc-devel         glibc              -
run    /usr/include/bsd/sys/tree.h,/opt/homebrew/include/bsd/sys/tree.h libbsd-dev libbsd-devel libbsd libbsd
run    /usr/include/efi/efi.h  gnu-efi                 gnu-efi-devel       gnu-efi            -
run    x86_64-w64-mingw32-gcc  gcc-mingw-w64-x86-64    mingw64-gcc         mingw-w64-gcc      mingw-w64
run    qemu-system-x86_64      qemu-system-x86         qemu-system-x86     qemu-system-x86    qemu
run    qemu-img                qemu-utils              qemu-img            qemu-img           qemu
run    /usr/share/OVMF/OVMF_CODE*.fd,/usr/share/edk2/*/OVMF_CODE*,/usr/share/edk2/x64/OVMF_CODE*,/usr/share/qemu/edk2-x86_64-code.fd,/opt/homebrew/share/qemu/edk2-x86_64-code.fd,/usr/local/share/qemu/edk2-x86_64-code.fd ovmf edk2-ovmf edk2-ovmf qemu
run    /usr/share/consolefonts/Unifont-APL8x16.psf*,/usr/share/consolefonts/*16.psf*,/usr/share/kbd/consolefonts/default8x16.psf*,/usr/lib/kbd/consolefonts/default8x16.psf* psf-unifont kbd-misc kbd -
image  mcopy                   mtools                  mtools              mtools             mtools
test   mcopy                   mtools                  mtools              mtools             mtools
test   clang                   clang                   clang               clang              llvm
test   /usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-x86_64.a,/usr/lib*/clang/*/lib/*/libclang_rt.fuzzer*.a,/opt/homebrew/opt/llvm/lib/clang clang-runtime compiler-rt compiler-rt llvm
test   /usr/include/cmocka.h,/opt/homebrew/include/cmocka.h,/usr/local/include/cmocka.h libcmocka-dev libcmocka-devel cmocka cmocka
test   wine64,wine,/usr/lib/wine/wine64 wine64         wine-core           wine               wine-stable
test   gdb,x86_64-elf-gdb      gdb                     gdb                 gdb                x86_64-elf-gdb
test   /usr/lib/python3/dist-packages/markdown/__init__.py,/usr/lib/python3*/site-packages/markdown/__init__.py python3-markdown python3-markdown python-markdown -
test   /usr/lib/python3/dist-packages/matplotlib/__init__.py,/usr/lib/python3*/site-packages/matplotlib/__init__.py,/usr/lib64/python3*/site-packages/matplotlib/__init__.py,/opt/homebrew/lib/python3*/site-packages/matplotlib/__init__.py python3-matplotlib python3-matplotlib python-matplotlib python-matplotlib
test   /usr/lib/python3/dist-packages/hypothesis/__init__.py,/usr/lib/python3*/site-packages/hypothesis/__init__.py python3-hypothesis python3-hypothesis python-hypothesis -
plot   /usr/lib/python3/dist-packages/matplotlib/__init__.py,/usr/lib/python3*/site-packages/matplotlib/__init__.py,/usr/lib64/python3*/site-packages/matplotlib/__init__.py,/opt/homebrew/lib/python3*/site-packages/matplotlib/__init__.py python3-matplotlib python3-matplotlib python-matplotlib python-matplotlib
nightly frama-c                frama-c-base            -                   -                  frama-c
nightly why3                   why3                    why3                why3               why3
nightly z3                     z3                      z3                  z3                 z3
nightly spin                   spin                    -                   spin               spin
lint   clang                   clang                   clang               clang              llvm
lint   clang-format            clang-format            clang-tools-extra   clang              clang-format
lint   clang-tidy              clang-tidy              clang-tools-extra   clang              llvm
lint   cppcheck                cppcheck                cppcheck            cppcheck           cppcheck
docs   /usr/lib/python3/dist-packages/markdown/__init__.py,/usr/lib/python3*/site-packages/markdown/__init__.py python3-markdown python3-markdown python-markdown -
coverage gcovr                gcovr                   gcovr               -                  gcovr
debug  gdb,x86_64-elf-gdb      gdb                     gdb                 gdb                x86_64-elf-gdb
TABLE
}

# Whether one of the alternatives in the comma list $1 is a command or an existing path.
present() {
	saved_ifs=$IFS
	IFS=,
	for alternative in $1; do
		IFS=$saved_ifs
		case $alternative in
		/*)
			for path in $alternative; do
				[ -e "$path" ] && return 0
			done
			;;
		*) command -v "$alternative" >/dev/null 2>&1 && return 0 ;;
		esac
	done
	IFS=$saved_ifs
	return 1
}

# The packages of package manager $1 (apt, dnf, pacman, brew) for what is missing.
missing_packages() {
	needs | while read -r group probe apt dnf pacman brew; do
		case " run $groups " in *" $group "*) ;; *) continue ;; esac
		present "$probe" && continue
		case $1 in
		apt) echo "$apt" ;;
		dnf) echo "$dnf" ;;
		pacman) echo "$pacman" ;;
		brew) echo "$brew" ;;
		esac
	done | sed '/^-$/d' | sort -u | tr '\n' ' '
}

# clang's sanitizer and fuzzer libraries: the package is named for the version that `clang` stands for.
clang_runtime_package() {
	version=$(apt-cache depends clang 2>/dev/null | sed -n 's/.*Depends: clang-\([0-9]*\)$/\1/p' | head -n 1)
	package=libclang-rt-${version:-14}-dev
	[ -z "$version" ] || apt-cache show "$package" >/dev/null 2>&1 || package=libclang-common-$version-dev
	echo "$package"
}

# Installs $@ as root, through $sudo if that is not empty. Quiet, except when it fails.
apt_install() {
	log=$(mktemp)
	echo "setup: installing $*" >&2
	if ! $sudo apt-get update >"$log" 2>&1; then
		cat "$log" >&2
		rm -f "$log"
		return 1
	fi
	for package; do
		shift
		[ "$package" = clang-runtime ] && package=$(clang_runtime_package)
		set -- "$@" "$package"
	done
	if ! $sudo env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y --no-install-recommends "$@" >"$log" 2>&1; then
		tail -n 20 "$log" >&2
		rm -f "$log"
		return 1
	fi
	rm -f "$log"
}

groups=${*:-image test nightly coverage lint docs plot debug}
case " $groups " in
*' -h '* | *' --help '*)
	sed -n '2,/^set -u/s/^# \{0,1\}//p' "$0"
	exit 0
	;;
esac
missing=$(missing_packages apt)
[ -z "$missing" ] && exit 0

if ! command -v apt-get >/dev/null 2>&1; then
	echo "setup: something is missing. Install it with:" >&2
	if command -v dnf >/dev/null 2>&1; then
		echo "  sudo dnf install $(missing_packages dnf)" >&2
	elif command -v pacman >/dev/null 2>&1; then
		echo "  sudo pacman -S --needed $(missing_packages pacman)" >&2
	elif command -v brew >/dev/null 2>&1; then
		echo "  brew install $(missing_packages brew)" >&2
		echo "  (Homebrew has no gnu-efi: build the loader in a Debian container)" >&2
	else
		echo "  (Debian's names) $missing" >&2
	fi
	exit 1
fi

sudo=
if [ "$(id -u)" != 0 ]; then
	sudo=sudo
	case $missing in *clang-runtime*)
		missing="${missing%clang-runtime*}$(clang_runtime_package)${missing#*clang-runtime}"
		;;
	esac
	echo "setup: missing: $missing" >&2
	if [ ! -t 0 ] || [ ! -t 2 ] || ! command -v sudo >/dev/null 2>&1; then
		echo "setup: as root: apt-get install --no-install-recommends $missing" >&2
		exit 1
	fi
	printf 'setup: run "sudo apt-get install %s" now? [Y/n] ' "$missing" >&2
	read -r answer
	case $answer in '' | [Yy]*) ;; *) exit 1 ;; esac
fi
# shellcheck disable=SC2086 # a list of words on purpose
apt_install $missing || exit 1

still=$(missing_packages apt)
[ -z "$still" ] && exit 0
echo "setup: installed, but not found: $still" >&2
exit 1
