/// Typed access to a session, generated from [`Prefs`].
#[allow(dead_code, clippy::impl_trait_in_params)]
pub struct PrefsAccessor<T: Ord = String, const N: usize = 4>
where
    T: Hash,
{
    __handle: ::session::__private::Handle,
    __schema: ::core::marker::PhantomData<fn() -> Prefs<T, N>>,
}
#[allow(dead_code, clippy::impl_trait_in_params)]
const _: () = {
    impl<T: Ord, const N: usize> PrefsAccessor<T, N>
    where
        T: Hash,
        T: 'static,
    {
        /// Returns `who`, if the session has it.
        #[must_use]
        #[inline]
        pub fn who(&self) -> ::core::option::Option<T>
        where
            T: ::session::SessionValue + ::core::fmt::Display,
            [T; N]: ::session::SessionValue + ::core::default::Default,
            T: ::session::SessionValue,
        {
            ::session::__private::get::<Prefs<T, N>, __Field0>(&self.__handle, 0usize)
        }
        /// Reads [`who`](Self::who) in place, for values that are costly to clone.
        #[inline]
        pub fn with_who<__R>(
            &self,
            __read: impl ::core::ops::FnOnce(&T) -> __R,
        ) -> ::core::option::Option<__R>
        where
            T: ::session::SessionValue + ::core::fmt::Display,
            [T; N]: ::session::SessionValue + ::core::default::Default,
            T: ::session::SessionValue,
        {
            ::session::__private::with::<
                Prefs<T, N>,
                __Field0,
                _,
            >(&self.__handle, 0usize, __read)
        }
        /// Sets [`who`](Self::who): signs in, and the session id rotates.
        #[inline]
        pub fn set_who(&self, __value: T)
        where
            T: ::session::SessionValue + ::core::fmt::Display,
            [T; N]: ::session::SessionValue + ::core::default::Default,
            T: ::session::SessionValue,
        {
            ::session::__private::set::<
                Prefs<T, N>,
                __Field0,
            >(&self.__handle, 0usize, __value)
        }
        /// Removes [`who`](Self::who): signs out, and the id rotates.
        #[inline]
        pub fn clear_who(&self)
        where
            T: ::session::SessionValue + ::core::fmt::Display,
            [T; N]: ::session::SessionValue + ::core::default::Default,
            T: ::session::SessionValue,
        {
            ::session::__private::clear::<Prefs<T, N>, __Field0>(&self.__handle, 0usize)
        }
        /// Returns `recent`, or its default.
        #[must_use]
        #[inline]
        pub fn recent(&self) -> [T; N]
        where
            T: ::session::SessionValue + ::core::fmt::Display,
            [T; N]: ::session::SessionValue + ::core::default::Default,
            T: ::session::SessionValue,
        {
            ::session::__private::get_or::<
                Prefs<T, N>,
                __Field1,
            >(&self.__handle, 1usize, Self::__default_recent)
        }
        /// Reads [`recent`](Self::recent) in place, for values that are costly to clone.
        #[inline]
        pub fn with_recent<__R>(
            &self,
            __read: impl ::core::ops::FnOnce(&[T; N]) -> __R,
        ) -> __R
        where
            T: ::session::SessionValue + ::core::fmt::Display,
            [T; N]: ::session::SessionValue + ::core::default::Default,
            T: ::session::SessionValue,
        {
            ::session::__private::with_or::<
                Prefs<T, N>,
                __Field1,
                _,
            >(&self.__handle, 1usize, Self::__default_recent, __read)
        }
        /// Sets [`recent`](Self::recent).
        #[inline]
        pub fn set_recent(&self, __value: [T; N])
        where
            T: ::session::SessionValue + ::core::fmt::Display,
            [T; N]: ::session::SessionValue + ::core::default::Default,
            T: ::session::SessionValue,
        {
            ::session::__private::set::<
                Prefs<T, N>,
                __Field1,
            >(&self.__handle, 1usize, __value)
        }
        /// Updates [`recent`](Self::recent) atomically across concurrent requests.
        ///
        /// The closure runs at once, and again on what another request stored meanwhile: it must have no side effects.
        #[inline]
        pub fn update_recent(
            &self,
            __update: impl ::core::ops::Fn(&mut [T; N]) + ::core::marker::Send + 'static,
        )
        where
            T: ::session::SessionValue + ::core::fmt::Display,
            [T; N]: ::session::SessionValue + ::core::default::Default,
            T: ::session::SessionValue,
        {
            ::session::__private::update_or::<
                Prefs<T, N>,
                __Field1,
            >(&self.__handle, 1usize, Self::__default_recent, __update)
        }
        /// Removes [`recent`](Self::recent), which reads as its default then.
        #[inline]
        pub fn clear_recent(&self)
        where
            T: ::session::SessionValue + ::core::fmt::Display,
            [T; N]: ::session::SessionValue + ::core::default::Default,
            T: ::session::SessionValue,
        {
            ::session::__private::clear::<Prefs<T, N>, __Field1>(&self.__handle, 1usize)
        }
        #[inline]
        fn __default_recent() -> [T; N]
        where
            T: ::session::SessionValue + ::core::fmt::Display,
            [T; N]: ::session::SessionValue + ::core::default::Default,
            T: ::session::SessionValue,
        {
            <[T; N] as ::core::default::Default>::default()
        }
        /// Returns `limit`, or its default.
        #[must_use]
        #[inline]
        pub fn limit(&self) -> u8
        where
            T: ::session::SessionValue + ::core::fmt::Display,
            [T; N]: ::session::SessionValue + ::core::default::Default,
            T: ::session::SessionValue,
        {
            ::session::__private::get_or::<
                Prefs<T, N>,
                __Field2,
            >(&self.__handle, 2usize, Self::__default_limit)
        }
        /// Reads [`limit`](Self::limit) in place, for values that are costly to clone.
        #[inline]
        pub fn with_limit<__R>(
            &self,
            __read: impl ::core::ops::FnOnce(&u8) -> __R,
        ) -> __R
        where
            T: ::session::SessionValue + ::core::fmt::Display,
            [T; N]: ::session::SessionValue + ::core::default::Default,
            T: ::session::SessionValue,
        {
            ::session::__private::with_or::<
                Prefs<T, N>,
                __Field2,
                _,
            >(&self.__handle, 2usize, Self::__default_limit, __read)
        }
        /// Sets [`limit`](Self::limit).
        #[inline]
        pub fn set_limit(&self, __value: u8)
        where
            T: ::session::SessionValue + ::core::fmt::Display,
            [T; N]: ::session::SessionValue + ::core::default::Default,
            T: ::session::SessionValue,
        {
            ::session::__private::set::<
                Prefs<T, N>,
                __Field2,
            >(&self.__handle, 2usize, __value)
        }
        /// Updates [`limit`](Self::limit) atomically across concurrent requests.
        ///
        /// The closure runs at once, and again on what another request stored meanwhile: it must have no side effects.
        #[inline]
        pub fn update_limit(
            &self,
            __update: impl ::core::ops::Fn(&mut u8) + ::core::marker::Send + 'static,
        )
        where
            T: ::session::SessionValue + ::core::fmt::Display,
            [T; N]: ::session::SessionValue + ::core::default::Default,
            T: ::session::SessionValue,
        {
            ::session::__private::update_or::<
                Prefs<T, N>,
                __Field2,
            >(&self.__handle, 2usize, Self::__default_limit, __update)
        }
        /// Removes [`limit`](Self::limit), which reads as its default then.
        #[inline]
        pub fn clear_limit(&self)
        where
            T: ::session::SessionValue + ::core::fmt::Display,
            [T; N]: ::session::SessionValue + ::core::default::Default,
            T: ::session::SessionValue,
        {
            ::session::__private::clear::<Prefs<T, N>, __Field2>(&self.__handle, 2usize)
        }
        #[inline]
        fn __default_limit() -> u8
        where
            T: ::session::SessionValue + ::core::fmt::Display,
            [T; N]: ::session::SessionValue + ::core::default::Default,
            T: ::session::SessionValue,
        {
            Prefs::<T, N>::LIMIT
        }
        /// Returns `seen`, which stays to be taken.
        #[must_use]
        #[inline]
        pub fn peek_seen(&self) -> ::std::vec::Vec<T>
        where
            T: ::session::SessionValue + ::core::fmt::Display,
            [T; N]: ::session::SessionValue + ::core::default::Default,
            T: ::session::SessionValue,
        {
            ::session::__private::flash_peek_all::<
                Prefs<T, N>,
                __Field3,
            >(&self.__handle, 3usize)
        }
        /// Adds a value to [`seen`](Self::peek_seen), until it is taken.
        #[inline]
        pub fn push_seen(&self, __value: T)
        where
            T: ::session::SessionValue + ::core::fmt::Display,
            [T; N]: ::session::SessionValue + ::core::default::Default,
            T: ::session::SessionValue,
        {
            ::session::__private::flash_push::<
                Prefs<T, N>,
                __Field3,
            >(&self.__handle, 3usize, __value)
        }
        /// Returns [`seen`](Self::peek_seen) and removes exactly what it returns.
        #[inline]
        pub fn take_seen(&self) -> ::std::vec::Vec<T>
        where
            T: ::session::SessionValue + ::core::fmt::Display,
            [T; N]: ::session::SessionValue + ::core::default::Default,
            T: ::session::SessionValue,
        {
            ::session::__private::flash_take_all::<
                Prefs<T, N>,
                __Field3,
            >(&self.__handle, 3usize)
        }
        /// The session itself, for what the schema does not describe.
        #[must_use]
        #[inline]
        pub fn session(&self) -> &::session::Session {
            self.__handle.session()
        }
        /// The whole [`Prefs`] as it is now. Flash fields are not taken.
        #[must_use]
        #[inline]
        pub fn snapshot(&self) -> Prefs<T, N>
        where
            T: ::session::SessionValue + ::core::fmt::Display,
            [T; N]: ::session::SessionValue + ::core::default::Default,
            T: ::session::SessionValue,
        {
            Prefs {
                who: self.who(),
                recent: self.recent(),
                limit: self.limit(),
                seen: self.peek_seen(),
            }
        }
        fn __read(__schema: &Prefs<T, N>) {
            let _ = &__schema.who;
            let _ = &__schema.recent;
            let _ = &__schema.limit;
            let _ = &__schema.seen;
        }
    }
    #[automatically_derived]
    impl<T: Ord, const N: usize> ::session::SessionSchema for Prefs<T, N>
    where
        T: Hash,
        T: 'static,
        T: ::session::SessionValue + ::core::fmt::Display,
        [T; N]: ::session::SessionValue + ::core::default::Default,
        T: ::session::SessionValue,
    {
        type Accessor = PrefsAccessor<T, N>;
        const SCHEMA: &'static ::session::__private::Schema = &::session::__private::Schema {
            name: "Prefs",
            fields: &[
                ::session::__private::optional::<Prefs<T, N>, __Field0>("who", "who")
                    .owner(::session::__private::owner_key::<Prefs<T, N>, __Field0>),
                ::session::__private::default::<
                    Prefs<T, N>,
                    __Field1,
                >("recent", "recent"),
                ::session::__private::default::<Prefs<T, N>, __Field2>("limit", "limit"),
                ::session::__private::flash_many::<Prefs<T, N>, __Field3>("seen", "seen"),
            ],
            on_missing: ::session::__private::OnMissing::Status(401u16),
        };
        #[inline]
        fn __accessor(__handle: ::session::__private::Handle) -> PrefsAccessor<T, N> {
            PrefsAccessor {
                __handle,
                __schema: ::core::marker::PhantomData,
            }
        }
    }
    enum __Field0 {}
    #[automatically_derived]
    impl<T: Ord, const N: usize> ::session::__private::TypedField<Prefs<T, N>>
    for __Field0
    where
        T: Hash,
        T: 'static,
        T: ::session::SessionValue + ::core::fmt::Display,
        [T; N]: ::session::SessionValue + ::core::default::Default,
        T: ::session::SessionValue,
    {
        type Value = T;
    }
    #[automatically_derived]
    impl<T: Ord, const N: usize> ::session::__private::OwnerField<Prefs<T, N>>
    for __Field0
    where
        T: Hash,
        T: 'static,
        T: ::session::SessionValue + ::core::fmt::Display,
        [T; N]: ::session::SessionValue + ::core::default::Default,
        T: ::session::SessionValue,
    {
        type Owner = T;
        fn owner(__value: &T) -> &T {
            __value
        }
    }
    enum __Field1 {}
    #[automatically_derived]
    impl<T: Ord, const N: usize> ::session::__private::TypedField<Prefs<T, N>>
    for __Field1
    where
        T: Hash,
        T: 'static,
        T: ::session::SessionValue + ::core::fmt::Display,
        [T; N]: ::session::SessionValue + ::core::default::Default,
        T: ::session::SessionValue,
    {
        type Value = [T; N];
    }
    enum __Field2 {}
    #[automatically_derived]
    impl<T: Ord, const N: usize> ::session::__private::TypedField<Prefs<T, N>>
    for __Field2
    where
        T: Hash,
        T: 'static,
        T: ::session::SessionValue + ::core::fmt::Display,
        [T; N]: ::session::SessionValue + ::core::default::Default,
        T: ::session::SessionValue,
    {
        type Value = u8;
    }
    enum __Field3 {}
    #[automatically_derived]
    impl<T: Ord, const N: usize> ::session::__private::TypedField<Prefs<T, N>>
    for __Field3
    where
        T: Hash,
        T: 'static,
        T: ::session::SessionValue + ::core::fmt::Display,
        [T; N]: ::session::SessionValue + ::core::default::Default,
        T: ::session::SessionValue,
    {
        type Value = T;
    }
    #[automatically_derived]
    impl<T: Ord, const N: usize> ::core::clone::Clone for PrefsAccessor<T, N>
    where
        T: Hash,
        T: 'static,
        T: ::session::SessionValue + ::core::fmt::Display,
        [T; N]: ::session::SessionValue + ::core::default::Default,
        T: ::session::SessionValue,
    {
        #[inline]
        fn clone(&self) -> Self {
            PrefsAccessor {
                __handle: ::core::clone::Clone::clone(&self.__handle),
                __schema: ::core::marker::PhantomData,
            }
        }
    }
    #[automatically_derived]
    impl<T: Ord, const N: usize> ::core::fmt::Debug for PrefsAccessor<T, N>
    where
        T: Hash,
        T: 'static,
        T: ::session::SessionValue + ::core::fmt::Display,
        [T; N]: ::session::SessionValue + ::core::default::Default,
        T: ::session::SessionValue,
    {
        #[inline]
        fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            let __schema = <Prefs<T, N> as ::session::SessionSchema>::SCHEMA;
            self.__handle.fmt_debug("PrefsAccessor", __schema, __f)
        }
    }
};
