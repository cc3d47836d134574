-- How many frames could not be understood, ever.
select count() as dead_letters from dead_letters
