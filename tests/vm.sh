# shellcheck shell=bash
# A virtual machine for tests of what a kernel does: its files are this machine's, read only, but for $WORK.
# Source after tap.sh.
#
#	vm_needs nfsd nfsv4 veth             # skips all, with the reason, without qemu, a kernel or a module
#	vm_run guest.sh                      # boots, runs it as root in $WORK, prints what it prints
#
# In the guest tap.sh's variables are set and /mnt and /run are empty, in memory. VM_KERNEL: a folder with
# boot/vmlinuz-* and lib/modules/*, build/vm unless set (./setup --vm). VM_MB: memory, in MiB. VM_S: seconds
# after which it is stopped. VM_ACCEL: kvm is faster than qemu's own translator, where its kernel can be that
# of any system; a host that is a virtual machine itself may have a /dev/kvm that takes few.
vm_kernel=${VM_KERNEL:-$TOP/build/vm}
vm_base='9pnet_virtio virtio_pci 9p'

# vm_needs MODULE...: and what they depend on, in the order to load them, into what the kernel starts from.
vm_needs() {
	local folder module line
	for program in qemu-system-x86_64 busybox; do
		command -v $program >/dev/null || skip_all "$program is not installed (./setup --vm)"
	done
	case $WORK in
	/dev/* | /mnt/* | /proc/* | /run/* | /sys/*)
		skip_all "a guest has a ${WORK%"${WORK#/*/}"} of its own: set TMPDIR"
		;;
	esac
	folder=$(echo "$vm_kernel"/lib/modules/*)
	[ -e "$folder/modules.dep" ] || skip_all "there is no kernel in $vm_kernel (./setup --vm)"
	mkdir -p vm/modules vm/host
	cp "$(command -v busybox)" vm/busybox
	for module in $vm_base "$@"; do
		line=$(grep -m1 "/$module.ko:" "$folder/modules.dep") ||
			skip_all "the kernel in $vm_kernel has no module $module"
		echo "${line/:/}" | tr ' ' '\n' | tac >>vm.order # then what it needs, the first last
	done
	awk '!seen[$0]++' vm.order | while read -r module; do
		cp "$folder/$module" vm/modules/ && basename "$module"
	done >vm/modules/order
	vm_init >vm/init && chmod +x vm/init
	(cd vm && find . | busybox cpio -o -H newc 2>/dev/null) >vm.cpio
}

# The first process of the guest.
vm_init() {
	cat <<-END
		#!/busybox sh
		/busybox mkdir -p /proc /sys /dev
		for m in \$(/busybox cat /modules/order); do /busybox insmod /modules/\$m; done
		share() { /busybox mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,\$3 \$1 \$2; }
		share host /host ro,cache=loose
		share work /host$WORK cache=none
		/busybox mount -t proc proc /host/proc
		/busybox mount -t sysfs sys /host/sys
		/busybox mount -t devtmpfs dev /host/dev
		/busybox mount -t tmpfs -o size=80% tmp /host/mnt
		/busybox mount -t tmpfs run /host/run
		/busybox chroot /host /bin/bash -c 'cd $WORK && . ./vm.env && bash ./vm.script >vm.out 2>&1
			echo \$? >vm.code'
		/busybox poweroff -f
	END
}

# Its status is the script's; 99 if that did not end.
vm_run() {
	cp "$1" vm.script
	rm -f vm.code
	export -p | grep -E '^declare -x (PATH|EINTHOVEN_[A-Z]*)=' >vm.env
	printf 'export TOP=%q B=%q BIN=%q WORK=%q\n' "$TOP" "$BUILD" "$BIN" "$WORK" >>vm.env
	timeout "${VM_S:-600}" qemu-system-x86_64 -accel "${VM_ACCEL:-tcg,thread=multi}" -cpu max -smp 2 \
		-m "${VM_MB:-1024}" -nodefaults -no-user-config -display none -no-reboot \
		-serial "file:$WORK/vm.console" -kernel "$vm_kernel"/boot/vmlinuz-* -initrd vm.cpio \
		-append "console=ttyS0 panic=-1 edd=off no_timer_check quiet" \
		-fsdev "local,id=host,path=/,security_model=none,readonly=on,multidevs=remap" \
		-device virtio-9p-pci,fsdev=host,mount_tag=host \
		-fsdev "local,id=work,path=$WORK,security_model=none,multidevs=remap" \
		-device virtio-9p-pci,fsdev=work,mount_tag=work </dev/null >vm.qemu 2>&1
	cat vm.out 2>/dev/null
	[ -e vm.code ] || tail -n 5 vm.qemu vm.console >&2
	return "$(cat vm.code 2>/dev/null || echo 99)"
}
