//! How the C library's allocator treats large blocks.

/// Larger blocks are mapped one by one, so that freeing them gives them back, in bytes.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LARGE: libc::c_int = 1 << 20;

/// Has large blocks given back to the system when they are freed.
///
/// Left alone, glibc raises its threshold as soon as one large block was freed, and from then on every thread that
/// hashed a password keeps the 19 MiB which that took. Must be called before there are threads.
pub fn give_back_large_blocks() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(unsafe_code, reason = "mallopt has no safe wrapper; it only sets numbers, and no other thread exists yet")]
    // SAFETY: mallopt(3) takes two integers and touches no memory of ours; see the reason above for threads.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
        libc::mallopt(libc::M_TRIM_THRESHOLD, LARGE);
    }
}
